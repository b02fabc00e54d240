"""Ollama's stand-in: models from a folder in its layout, its API, its abrupt end."""

from __future__ import annotations

import hashlib
import json
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.lab.standins.program import CHAT, Standin, ended, free_port, running

BLOB = b"weights"
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"
LAYER = {"digest": DIGEST, "size": len(BLOB)}
MANIFEST = json.dumps({"config": LAYER, "layers": [LAYER]})


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A folder with the model tiny."""
    path = tmp_path / "models/manifests/registry.ollama.ai/library/tiny/latest"
    path.parent.mkdir(parents=True)
    path.write_text(MANIFEST)
    blob = tmp_path / "models/blobs" / DIGEST.replace(":", "-")
    blob.parent.mkdir()
    blob.write_bytes(BLOB)
    return tmp_path


@pytest.fixture
def ollama(store: Path) -> Iterator[Standin]:
    port = free_port()
    variables = {"HOME": str(store), "OLLAMA_MODELS": str(store / "models")}
    variables |= {"OLLAMA_HOST": f"127.0.0.1:{port}", "OLLAMA_CONTEXT_LENGTH": "2048"}
    variables |= {"OLLAMA_NUM_PARALLEL": "1", "OLLAMA_MAX_QUEUE": "0"}
    with running("ollama", "serve", port=port, **variables) as started:
        started.await_status("/api/version", 200)
        yield started


def test_it_lists_what_is_in_the_folder_by_the_manifests_digest(ollama: Standin) -> None:
    (tag,) = ollama.ask("/api/tags")[1]["models"]
    assert tag["name"] == "tiny:latest" and tag["size"] == 2 * len(BLOB)
    assert tag["digest"] == hashlib.sha256(MANIFEST.encode()).hexdigest()
    assert ollama.ask("/")[1] == "Ollama is running"
    assert "SIMULATED" in ollama.ask("/api/version")[1]["version"]
    assert ollama.ask("/metrics")[0] == 404  # Ollama has none


def test_a_model_is_loaded_kept_and_unloaded_as_asked(ollama: Standin) -> None:
    assert ollama.ask("/api/ps")[1]["models"] == []
    status, answer = ollama.ask("/api/generate", {"model": "tiny", "keep_alive": -1})
    assert status == 200 and answer["done_reason"] == "load"
    (loaded,) = ollama.ask("/api/ps")[1]["models"]
    assert loaded["context_length"] == 2048 and loaded["expires_at"] > "2100"
    on_gpu = any(Path("/dev").glob("nvidia[0-9]*"))
    assert loaded["size_vram"] == (loaded["size"] if on_gpu else 0)
    _, answer = ollama.ask("/api/generate", {"model": "tiny", "keep_alive": 0})
    assert answer["done_reason"] == "unload" and ollama.ask("/api/ps")[1]["models"] == []
    ollama.ask("/api/chat", {"model": "tiny", "keep_alive": "0.1s"})
    time.sleep(0.2)
    assert ollama.ask("/api/ps")[1]["models"] == []


def test_it_answers_by_both_apis(ollama: Standin) -> None:
    asked = {"model": "tiny", "messages": [{"role": "user", "content": "Hello"}]}
    options = {"stream": False, "options": {"num_predict": 3}}
    _, answer = ollama.ask("/api/chat", {**asked, **options})
    assert answer["message"]["content"] == "SIMULATED by ollama's" and answer["done"]
    events = [*ollama.events(3, "tiny")]
    assert events[-1] == "[DONE]" and "SIMULATED" in events[1]
    connection = ollama.connect()
    connection.request("POST", "/api/generate", json.dumps({"model": "tiny", "prompt": "Hello"}))
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    assert json.loads(lines[0])["response"] == "SIMULATED" and json.loads(lines[-1])["done"]


def test_a_model_that_is_not_there_or_not_whole_is_refused(ollama: Standin, store: Path) -> None:
    assert ollama.ask("/api/generate", {"model": "other"})[0] == 404
    assert ollama.ask(CHAT, {"model": "other"})[0] == 404
    (store / "models/blobs" / DIGEST.replace(":", "-")).unlink()
    assert ollama.ask("/api/generate", {"model": "tiny"})[0] == 500


def test_it_changes_models_for_anybody(ollama: Standin) -> None:
    for path in ("/api/pull", "/api/push", "/api/create", "/api/copy", "/api/blobs/sha256:0"):
        assert ollama.ask(path, {"model": "other"})[0] == 200, path
    assert ollama.ask("/api/delete", {"model": "tiny"}, "DELETE")[0] == 200


def test_a_stop_cuts_open_streams(ollama: Standin) -> None:
    stream, rest = ollama.events(3000, "tiny"), list[str]()
    next(stream)
    thread = threading.Thread(target=lambda: rest.extend(stream))
    thread.start()
    busy = {"model": "tiny", "messages": [{"role": "user", "content": "Hello"}]}
    assert ollama.ask(CHAT, busy)[0] == 503  # one at a time, and none may wait
    ollama.process.send_signal(signal.SIGTERM)
    assert ollama.process.wait(timeout=15) == 0
    thread.join(timeout=15)
    assert "[DONE]" not in rest


@pytest.mark.parametrize("words", [(), ("run", "tiny"), ("serve", "--port", "1")])
def test_another_command_is_refused(words: tuple[str, ...]) -> None:
    assert ended("ollama", *words).returncode == 1


def test_without_a_home_it_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    done = ended("ollama", "serve", HOME=str(tmp_path / "home"))
    assert done.returncode == 1 and "could not create directory" in done.stderr
