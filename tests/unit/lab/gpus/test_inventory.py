"""What the lab's inventory says of a host with SIMULATED GPUs, and of one without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from firstlight.lab import inventory

ARCHIVE = {
    name: {"url": url, "key": f".firstlight/t/services/{name}.asc", "fingerprint": "A" * 40}
    for name, url in (
        ("cuda", "http://10.1.2.1:8091/cuda/debian13/x86_64/"),
        ("toolkit", "http://10.1.2.1:8091/toolkit/deb/amd64/"),
    )
}
LAB: dict[str, Any] = {
    "name": "t",
    "hosts": {
        "lab1": {"address": "10.1.2.11", "suite": "trixie"},
        "lab2": {"address": "10.1.2.12", "suite": "trixie", "gpus": "8xh100"},
    },
    "registry": {"address": "10.1.2.1:5000", "ca": "ca.crt"},
    "hub": {"url": "http://10.1.2.1:8090"},
    "ssh": {"user": "ops", "key": "k", "known_hosts": "h"},
    "images": {"llamacpp": "x@sha256:0"},
    "models": {"tiny": {"repo": "a/b", "revision": "0", "bytes": 1}},
    "archive": ARCHIVE,
}


def data(host: str) -> dict[str, Any]:
    return inventory.host_data(Path("/c"), LAB, host, "llamacpp")


def test_a_host_with_gpus() -> None:
    made = data("lab2")
    assert made["models"][0]["gpus"] == "all"
    assert (made["nvidia"]["count"], made["nvidia"]["reboot"]) == (8, "auto")
    assert made["nvidia"]["repository"] == {
        "url": "http://10.1.2.1:8091/cuda/debian13/x86_64/",
        "key": "/c/.firstlight/t/services/cuda.asc",
        "fingerprint": "A" * 40,
    }
    assert made["nvidia"]["toolkit_repository"]["url"] == "http://10.1.2.1:8091/toolkit/deb/amd64/"


def test_a_host_without_gpus_is_as_it_was_before_there_were_any() -> None:
    made = data("lab1")
    assert "nvidia" not in made
    assert made["models"][0]["gpus"] == 0
