"""A site of three hosts, and the rules of its monitor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firstlight import keys
from firstlight.lab.packages import ensure
from firstlight.monitor.rules import rules
from firstlight.settings import HostSettings, load_site
from tests.monitor.promtool import PROGRAMS
from tests.site import VLLM

PRICES = {"hardware": 35064.0, "years": 4.0, "energy_per_kwh": 0.5}
"""A host of one euro an hour, at half a euro a kWh."""


@pytest.fixture(scope="session", autouse=True)
def programs() -> None:
    ensure(print, PROGRAMS)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, HostSettings]:
    """Front1 is the edge, gpu1 serves, watch1 watches."""
    root = tmp_path_factory.mktemp("site")
    keys.issue(root / ".firstlight/lab/keys/api-keys.toml", "alice")
    cost = {"cost": {"energy_per_kwh": PRICES["energy_per_kwh"]}}
    gpu1 = {
        "address": "192.0.2.2",
        "models": [VLLM],
        "edge": {"enabled": False},
        "nvidia": {"card": "h100", "count": 1},
        "monitor": {"cost": {**PRICES, "overhead": 1.5}, "alerts": {"backup_hours": 26}},
    }
    hosts: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
        "front1": ({"domain": "llm.example.net", "address": "192.0.2.1"}, ("edge",)),
        "gpu1": (gpu1, ("gpu",)),
        "watch1": (
            {"address": "192.0.2.3", "edge": {"enabled": False}, "monitor": cost},
            ("monitor",),
        ),
    }
    return load_site(
        {name: ({"site": "lab", **data}, groups) for name, (data, groups) in hosts.items()}, root
    )


@pytest.fixture(scope="session")
def texts(site: dict[str, HostSettings]) -> dict[str, str]:
    """The rule files of the monitor."""
    return rules(site["watch1"], site)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
