"""Models of an Ollama registry: its own layout, by the digest that is pinned."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from firstlight.lab.services import repository, shelf
from firstlight.weights import web
from firstlight.weights.fetch import fetch
from firstlight.weights.wanted import FetchError
from tests.unit.weights.conftest import GGUF, SmallHub

Job = dict[str, Any]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between tries the program waits; tests do not."""
    monkeypatch.setattr(web.time, "sleep", lambda _: None)


def stored(job: Job) -> dict[str, bytes]:
    folder = Path(job["folder"])
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files if p.name != job["marker"]}


def ollama(job: Job, hub: SmallHub, digest: str = "", tag: str = "") -> Job:
    snapshot = repository.load(hub.root)["firstlight/small"].branches["main"]
    model = shelf.ollama_model(snapshot)
    assert model is not None
    source = f"ollama://small{tag}@{digest or model.digest}"
    return {**job, "name": "served", "source": source, "hub": hub.url}


def test_ollamas_own_layout(job: Job, hub: SmallHub) -> None:
    fetch(ollama(job, hub), None)
    found = stored(job)
    manifest = found.pop("manifests/registry.ollama.ai/library/served/latest")
    parts = json.loads(manifest)
    names = [part["digest"].replace(":", "-") for part in (parts["config"], *parts["layers"])]
    assert sorted(found) == sorted(f"blobs/{name}" for name in names)
    for name, content in found.items():
        assert name == f"blobs/sha256-{hashlib.sha256(content).hexdigest()}"
    assert GGUF["tiny.gguf"] in found.values()


def test_an_ollama_model_that_moved_on(job: Job, hub: SmallHub) -> None:
    with pytest.raises(FetchError, match="firstlight lock --update"):
        fetch(ollama(job, hub, digest=f"sha256:{'0' * 64}"), None)
    with pytest.raises(FetchError, match="does not give library/small:7b"):
        fetch(ollama(job, hub, tag=":7b"), None)
    assert stored(job) == {}


def test_an_ollama_layer_that_was_cut_off(job: Job, hub: SmallHub) -> None:
    hub.fault(cut_at={"tiny.gguf": 50_000})
    with pytest.raises(FetchError, match="was cut off"):
        fetch(ollama(job, hub), None)
    hub.fault()
    hub.asked.clear()
    fetch(ollama(job, hub), None)
    assert "bytes=50000-" in [span for _, span in hub.asked]
