"""A site of three kinds of hosts, with monitors that can be given any settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.site import MODEL

GRAFANA = {"grafana": {"image": "docker.io/grafana/grafana@sha256:" + "a" * 64}}


def site(folder: Path, monitors: int = 1, **of_monitors: Any) -> Path:
    """An engine and ``monitors`` hosts that watch it, as an inventory."""
    firewall = {"addresses": ["192.0.2.9"]}
    gpu = {"address": "192.0.2.10", "edge": {"enabled": False}, "models": [MODEL]}
    watching = [
        (f"mon{n}", {"firewall": {"addresses": [f"192.0.2.{20 + n}"]}, "monitor": of_monitors})
        for n in range(1, monitors + 1)
    ]
    hosts = {
        "gpu": [("gpu1", gpu)],
        "edge": [("edge1", {"domain": "llm.example.net", "firewall": firewall})],
    }
    lines = [f"{group} = {found!r}" for group, found in hosts.items()]
    names = ["gpu1", "edge1", *(name for name, _ in watching)]
    lines += [
        f"monitor = {watching!r}",
        f"everything = ({names!r}, {{'site': 'lab', 'docker': {{'source': 'docker'}}}})",
    ]
    path = folder / "site.py"
    path.write_text("\n".join(lines) + "\n")
    return path
