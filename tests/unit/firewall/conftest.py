"""Sites of several hosts, made of what differs from one right host."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from firstlight import keys
from firstlight.settings import HostSettings, load_site
from tests.site import MODEL

Load = Callable[..., dict[str, HostSettings]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load hosts by name; each is right but for the keys that are given. Groups: gpu, edge without models."""
    keys.issue(tmp_path / ".firstlight/lab/keys/api-keys.toml", "alice")

    def load(**hosts: dict[str, Any]) -> dict[str, HostSettings]:
        inventory: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {}
        for place, (name, change) in enumerate(hosts.items(), 1):
            data = {
                "site": "lab",
                "domain": f"{name}.example.net",
                "address": f"10.0.0.{place}",
                "models": [deepcopy(MODEL)],
                **change,
            }
            groups = ("gpu",) if data["models"] else ("edge",)
            inventory[name] = (data, groups)
        return load_site(inventory, tmp_path)

    return load
