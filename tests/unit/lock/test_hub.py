"""What a hub and an Ollama registry say, and what is told where they say nothing."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from firstlight.errors import FirstlightError
from firstlight.lock import ollama
from firstlight.lock.asked import Asked
from firstlight.lock.hub import snapshot, token_of
from firstlight.lock.section import File, Weights
from firstlight.lock.update import look_up
from firstlight.settings.secret_source import SecretSource
from firstlight.weights.source import Source
from tests.unit.lock.conftest import TOKEN, MovingHub

WHERE = "gpu1: models[0].revision"


@pytest.mark.parametrize("revision", ["", "@main"])
def test_a_branch_is_a_commit_with_the_sums_of_its_files(hub: MovingHub, revision: str) -> None:
    found = snapshot(Source.parse(f"hf://org/model{revision}"), hub.url, None, WHERE)
    assert found.revision == hub.commit
    blob = hashlib.sha1(b"blob 2\x00{}").hexdigest()
    assert found.files == {
        "config.json": File(bytes=2, sum=f"git:{blob}"),
        "model.safetensors": File(bytes=7, sum=f"sha256:{hashlib.sha256(b'weights').hexdigest()}"),
    }


@pytest.mark.parametrize(
    ("uri", "token", "what"),
    [
        ("hf://org/other", None, "no repository org/other for us"),
        ("hf://org/other", TOKEN, "no repository org/other for us"),
        ("hf://org/model@nowhere", None, "does not give hf://org/model@nowhere"),
        ("hf://org/model", "hf_wrong", "does not give hf://org/model"),
    ],
)
def test_what_a_hub_does_not_give(hub: MovingHub, uri: str, token: str | None, what: str) -> None:
    with pytest.raises(FirstlightError, match=what) as error:
        snapshot(Source.parse(uri), hub.url, token, WHERE)
    assert error.value.where == WHERE and error.value.fix
    assert token is None or token not in str(error.value)


def test_a_hub_that_is_not_there(hub: MovingHub) -> None:
    hub.stop()
    with pytest.raises(FirstlightError, match=f"{hub.url} cannot be asked from here"):
        snapshot(Source.parse("hf://org/model"), hub.url, None, WHERE)


def test_a_token_is_read_from_a_private_file_only(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o600)
    source = SecretSource(file=path)
    assert token_of(None) is None and token_of(source) == TOKEN
    path.chmod(0o644)
    with pytest.raises(FirstlightError, match="can be read by others"):
        token_of(source)
    assert token_of(SecretSource(credential="on-the-host")) is None


BLOBS = [{"digest": f"sha256:{each * 64}", "size": 10} for each in "ab"]
MODEL = json.dumps({"schemaVersion": 2, "config": BLOBS[0], "layers": [BLOBS[1]]}).encode()
PAGES = {
    "/v2/library/qwen3/manifests/8b": MODEL,
    "/v2/library/qwen3/manifests/latest": MODEL + b" ",
    "/v2/me/own/manifests/1": MODEL,
    "/v2/library/page/manifests/1": b"<html>",
    "/v2/library/image/manifests/1": b'{"manifests": []}',
}


class Registry(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = PAGES.get(self.path)
        self.send_response(200 if body else 404)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        poll = {"poll_interval": 0.02}
        threading.Thread(target=server.serve_forever, kwargs=poll, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(
    ("name", "body"), [("qwen3:8b", MODEL), ("qwen3", MODEL + b" "), ("me/own:1", MODEL)]
)
def test_an_ollama_tag_is_the_digest_of_its_manifest(registry: str, name: str, body: bytes) -> None:
    found = ollama.manifest(Source.parse(f"ollama://{name}"), registry, WHERE)
    assert found.revision == f"sha256:{hashlib.sha256(body).hexdigest()}"
    assert found.bytes == 20
    assert found.files[f"blobs/sha256-{'a' * 64}"].sum == f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("qwen3:9b", "does not give ollama://qwen3:9b"),
        ("page:1", "the manifest of ollama://page:1 is not understood"),
        ("image:1", "is not understood"),
    ],
)
def test_what_an_ollama_registry_does_not_give(registry: str, name: str, what: str) -> None:
    with pytest.raises(FirstlightError, match=what) as error:
        ollama.manifest(Source.parse(f"ollama://{name}"), registry, WHERE)
    assert error.value.where == WHERE and registry in error.value.why


def test_an_ollama_registry_that_is_not_there() -> None:
    with pytest.raises(FirstlightError, match="cannot be asked from here"):
        ollama.manifest(Source.parse("ollama://a:b"), "http://127.0.0.1:9", WHERE)


def test_each_is_asked_for_its_own(registry: str, hub: MovingHub, tmp_path: Path) -> None:
    found = look_up(Asked("weights", "ollama://qwen3:8b", WHERE, hub=registry))
    assert isinstance(found, Weights) and found.revision.startswith("sha256:")
    token = tmp_path / "token"
    source = SecretSource(file=token)
    for content, right in ((TOKEN, True), ("hf_wrong", False)):
        token.write_text(content)
        token.chmod(0o600)
        asked = Asked("weights", "hf://org/model@main", WHERE, hub=hub.url, hub_token=source)
        with nullcontext() if right else pytest.raises(FirstlightError, match="hub_token"):
            found = look_up(asked)
            assert isinstance(found, Weights) and found.revision == hub.commit
