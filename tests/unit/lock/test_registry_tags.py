"""What a tag means is computed from what the registry sends; no answer is an error."""

from __future__ import annotations

import hashlib
import json

import pytest

from firstlight.errors import FirstlightError
from firstlight.registry import digest_of, split
from tests.unit.server import Server, say, server

__all__ = ["server"]

WHERE = "gpu1: models[0].image"
INDEX = json.dumps({"schemaVersion": 2, "manifests": [{"digest": "sha256:x"}]}).encode()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vllm/vllm-openai:v0.33.0", ("docker.io", "vllm/vllm-openai", "v0.33.0")),
        ("nginx:1.27", ("docker.io", "library/nginx", "1.27")),
        ("registry:5000/a/b:c", ("registry:5000", "a/b", "c")),
        ("registry:5000/a/b", ("registry:5000", "a/b", "")),
        ("a/b:v1@sha256:00", ("docker.io", "a/b", "sha256:00")),
        ("", ("docker.io", "library/", "")),
    ],
)
def test_names_with_tags(name: str, expected: tuple[str, str, str]) -> None:
    assert split(name) == expected


def ask(server: Server, trusted: bool = True) -> str:
    image = f"localhost:{server.port}/org/engine:v1"
    return digest_of(image, server.authority.path if trusted else None, WHERE)


@pytest.mark.parametrize("body", [INDEX, b'{"schemaVersion": 2, "layers": []}'])
def test_the_digest_of_an_index_and_of_a_single_image(server: Server, body: bytes) -> None:
    server.answer = lambda handler: say(
        handler, 200, body, Docker_Content_Digest="sha256:" + "0" * 64
    )
    assert ask(server) == f"sha256:{hashlib.sha256(body).hexdigest()}"
    ((method, path, headers),) = server.requests
    assert (method, path) == ("GET", "/v2/org/engine/manifests/v1")
    assert "application/vnd.oci.image.index.v1+json" in headers["accept"]


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (404, "the image is not in localhost"),
        (401, "wants a login"),
        (403, "wants a login"),
        (429, "is asked too often"),
        (500, "does not give the image"),
        (200, "does not give the image"),  # with a page instead of a manifest
    ],
)
def test_no_digest_is_an_error(server: Server, status: int, what: str) -> None:
    server.answer = lambda handler: say(handler, status, b"<html>please log in</html>")
    with pytest.raises(FirstlightError, match=what) as error:
        ask(server)
    assert error.value.where == WHERE and error.value.fix
    assert "org/engine:v1" in error.value.why and f"HTTP {status}" in error.value.why


def test_a_registry_with_a_private_ca_that_is_not_given(server: Server) -> None:
    with pytest.raises(FirstlightError, match="cannot be asked from here") as error:
        ask(server, trusted=False)
    assert f'docker.registries["localhost:{server.port}"].ca' in error.value.fix
