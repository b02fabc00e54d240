"""A site of three hosts for what its monitor is given, and the programs that judge it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from firstlight import keys
from firstlight.lab.packages import ensure
from firstlight.settings import HostSettings, load_site
from tests.site import BASES
from tests.stubs import stubs

__all__ = ["stubs"]

Site = dict[str, HostSettings]
LoadSite = Callable[..., Site]
PROGRAMS = {
    "prometheus": "/usr/bin/promtool",
    "prometheus-blackbox-exporter": "/usr/bin/prometheus-blackbox-exporter",
}


@pytest.fixture(scope="session", autouse=True)
def programs() -> None:
    ensure(print, PROGRAMS)


def loading(root: Path) -> LoadSite:
    """Return what loads front1 (an edge), gpu1 with models and watch1, a monitor, from ``root``.

    Further data for each host is given by its name.
    """

    def load(models: tuple[dict[str, Any], ...] = ({},), **more: dict[str, Any]) -> Site:
        path = root / ".firstlight/lab/keys/api-keys.toml"
        if not path.exists():
            keys.issue(path, "alice")
        served = [BASES[each.get("engine", "llamacpp")] | each for each in models]
        hosts: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
            "front1": ({"domain": "llm.example.net", "address": "192.0.2.1"}, ("edge",)),
            "gpu1": (
                {"address": "2001:db8::2", "models": deepcopy(served), "edge": {"enabled": False}},
                ("gpu",),
            ),
            "watch1": ({"address": "192.0.2.3", "edge": {"enabled": False}}, ("monitor",)),
        }
        return load_site(
            {
                name: ({"site": "lab", **data, **more.get(name, {})}, groups)
                for name, (data, groups) in hosts.items()
            },
            root,
        )

    return load


@pytest.fixture
def site(tmp_path: Path) -> LoadSite:
    """Load the site of tests: see :func:`loading`."""
    return loading(tmp_path)
