"""The registry is asked before a host is touched, and believed only when it says no."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler

import pytest

from firstlight.errors import FirstlightError
from firstlight.registry import environment, require, split
from tests.unit.server import Server, say

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("name", "registry", "repository"),
    [
        ("nginx", "docker.io", "library/nginx"),
        ("vllm/vllm-openai", "docker.io", "vllm/vllm-openai"),
        ("docker.io/vllm/vllm-openai", "docker.io", "vllm/vllm-openai"),
        ("ghcr.io/a/b/c", "ghcr.io", "a/b/c"),
        ("localhost/a", "localhost", "a"),
        ("registry:5000/a/b", "registry:5000", "a/b"),
        ("10.0.0.1:5000/a", "10.0.0.1:5000", "a"),
    ],
)
def test_names_as_docker_reads_them(name: str, registry: str, repository: str) -> None:
    assert split(f"{name}@{DIGEST}") == (registry, repository, DIGEST)


def ask(server: Server, trusted: bool = True) -> None:
    image = f"localhost:{server.port}/org/engine@{DIGEST}"
    require(image, server.authority.path if trusted else None, "gpu1: models[0].image")


def test_an_image_that_is_there(server: Server) -> None:
    ask(server)
    ((method, path, headers),) = server.requests
    assert (method, path) == ("HEAD", f"/v2/org/engine/manifests/{DIGEST}")
    assert "application/vnd.oci.image.index.v1+json" in headers["accept"]


def test_an_image_that_is_not(server: Server) -> None:
    server.answer = lambda handler: say(handler, 404, b"")
    with pytest.raises(FirstlightError) as error:
        ask(server)
    for word in ("gpu1: models[0].image", f"localhost:{server.port}", "org/engine", DIGEST):
        assert word in str(error.value)


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
def test_a_registry_that_does_not_answer_is_no_obstacle(server: Server, status: int) -> None:
    server.answer = lambda handler: say(handler, status, b"")
    ask(server)


def with_tokens(server: Server, given: bytes, known: int = 404) -> None:
    realm = f"https://localhost:{server.port}/token"
    challenge = f'Bearer realm="{realm}",service="reg",scope="repository:org/engine:pull"'

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path.startswith("/token"):
            say(handler, 200, given)
        elif handler.headers.get("Authorization") == "Bearer t0k":
            say(handler, known, b"")
        else:
            say(handler, 401, b"", WWW_Authenticate=challenge)

    server.answer = answer


@pytest.mark.parametrize("name", [b"token", b"access_token"])
def test_a_token_for_everybody_is_fetched(server: Server, name: bytes) -> None:
    with_tokens(server, b'{"%s": "t0k"}' % name)
    with pytest.raises(FirstlightError, match="not in the registry"):
        ask(server)
    _, path, _ = server.requests[1]
    assert path == "/token?service=reg&scope=repository%3Aorg%2Fengine%3Apull"
    with_tokens(server, b'{"%s": "t0k"}' % name, known=200)
    ask(server)


@pytest.mark.parametrize("given", [b"{}", b"nonsense", b'{"token": "wrong"}'])
def test_a_registry_that_wants_a_login_is_no_obstacle(server: Server, given: bytes) -> None:
    with_tokens(server, given)
    ask(server)


@pytest.mark.parametrize("challenge", ["Basic realm=x", 'Bearer realm="http://x/"', ""])
def test_no_token_from_where_anybody_could_listen(server: Server, challenge: str) -> None:
    server.answer = lambda handler: say(handler, 401, b"", WWW_Authenticate=challenge)
    ask(server)
    assert len(server.requests) == 1


def test_a_registry_that_cannot_be_reached_is_no_obstacle(server: Server) -> None:
    ask(server, trusted=False)
    assert server.requests == []
    server.stop()
    ask(server)


def test_the_environment_of_an_image_for_the_hosts_architecture(server: Server) -> None:
    documents = {
        f"manifests/{DIGEST}": {
            "manifests": [
                {"platform": {"os": "linux", "architecture": "amd64"}},  # no digest: no image
                {"digest": "sha256:arm", "platform": {"os": "linux", "architecture": "arm64"}},
                {"digest": "sha256:amd", "platform": {"os": "linux", "architecture": "amd64"}},
            ]
        },
        "manifests/sha256:amd": {"config": {"digest": "sha256:config"}},
        "blobs/sha256:config": {"config": {"Env": ["A=1=2", "NVIDIA_REQUIRE_CUDA=cuda>=12.8"]}},
    }

    def answer(handler: BaseHTTPRequestHandler) -> None:
        found = documents.get(handler.path.removeprefix("/v2/org/engine/"))
        say(handler, 200 if found else 404, json.dumps(found).encode())

    server.answer = answer
    image = f"localhost:{server.port}/org/engine@{DIGEST}"
    asked = environment(image, server.authority.path, "amd64")
    assert asked == {"A": "1=2", "NVIDIA_REQUIRE_CUDA": "cuda>=12.8"}
    assert environment(image, server.authority.path, "arm64") == {}
    assert environment(image, None, "amd64") == {}  # not trusted: not asked
