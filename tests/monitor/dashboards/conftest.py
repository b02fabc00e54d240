"""A site with all there is: three hosts with engines, both classes of cards, an edge."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from firstlight import keys
from firstlight.settings import HostSettings, load_site
from tests.site import BASES

GRAFANA = "docker.io/grafana/grafana@sha256:" + "a" * 64
DCGM = "nvcr.io/nvidia/k8s/dcgm-exporter@sha256:" + "b" * 64
WATCHED = {
    "monitor": {
        "grafana": {"image": GRAFANA},
        "gpus": {"image": DCGM},
        "cost": {"hardware": 20000.0},
        "alerts": {"backup_hours": 26},
    }
}
Site = dict[str, HostSettings]


def loaded(folder: Path, hosts: dict[str, tuple[dict[str, Any], tuple[str, ...]]]) -> Site:
    """Load a site in ``folder`` that has one API key."""
    path = folder / ".firstlight/lab/keys/api-keys.toml"
    if not path.exists():
        keys.issue(path, "alice")
    common = {"site": "lab", **WATCHED}
    return load_site(
        {name: ({**deepcopy(common), **data}, groups) for name, (data, groups) in hosts.items()},
        folder,
    )


def hosts(
    card: str = "rtx-4090", *engines: str
) -> dict[str, tuple[dict[str, Any], tuple[str, ...]]]:
    """Return the data of an edge, an engine host with ``card`` and ``engines``, and a monitor."""
    models = [deepcopy(BASES[each]) | {"name": f"m-{each}"} for each in engines or ("vllm",)]
    gpu = {"address": "192.0.2.2", "models": models, "edge": {"enabled": False}}
    return {
        "front1": ({"domain": "llm.example.net", "address": "192.0.2.1"}, ("edge",)),
        "gpu1": ({**gpu, "nvidia": {"card": card}}, ("gpu",)),
        "watch1": ({"address": "192.0.2.3", "edge": {"enabled": False}}, ("monitor",)),
    }


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A GeForce host with vLLM behind an edge, and a monitor."""
    return loaded(tmp_path, hosts())
