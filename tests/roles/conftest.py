"""The stage on which deploys are planned, and a lab that is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firstlight.lab import inventory
from tests.roles.stage import Stage

LAB = {
    "name": "lab",
    "ssh": {"user": "ops", "key": ".firstlight/lab/ssh/key", "known_hosts": "known_hosts"},
    "hosts": {"lab1": {"address": "10.9.8.11", "suite": "trixie"}},
    "registry": {"address": "10.9.8.1:5000", "ca": ".firstlight/lab/services/ca.crt"},
    "hub": {"url": "http://10.9.8.1:8090"},
    "images": {
        "llamacpp": "10.9.8.1:5000/ggml-org/llama.cpp@sha256:" + "a" * 64,
        "vllm": "10.9.8.1:5000/vllm/vllm-openai@sha256:" + "b" * 64,
    },
    "models": {"tiny": {"repo": "firstlight/tiny", "revision": "c" * 40, "bytes": 1750000}},
}


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = Stage(tmp_path, monkeypatch)
    folder = tmp_path / ".firstlight/lab"
    (folder / "lab.json").write_text(json.dumps(LAB))
    (folder / "services").mkdir()
    ca = (tmp_path / "secrets/registry-ca.pem").read_text()
    (folder / "services/ca.crt").write_text(ca)
    monkeypatch.setattr(inventory, "checkout_here", lambda: tmp_path)
    for name in ("FIRSTLIGHT_LAB", "ENGINE"):
        monkeypatch.delenv(name, raising=False)
    return made
