"""Sites whose hosts send their journals to monitors."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from firstlight import keys
from firstlight.settings import HostSettings, load_site
from tests.site import MODEL

WATCHED: dict[str, Any] = {"gpus": {"enabled": False}, "grafana": {"enabled": False}}
LOGS: dict[str, Any] = {**WATCHED, "logs": {"enabled": True}}


def sending_site(root: Path, **hosts: dict[str, Any]) -> dict[str, HostSettings]:
    """Load hosts by name, each sending; ``mon…`` are monitors, ``edge…`` have a public door."""
    keys.issue(root / ".firstlight/lab/keys/api-keys.toml", "alice")
    inventory: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {}
    for place, (name, change) in enumerate(hosts.items(), 1):
        group = "monitor" if name.startswith("mon") else "gpu"
        data: dict[str, Any] = {
            "site": "lab",
            "address": f"10.0.0.{place}",
            "models": [deepcopy(MODEL)] if group == "gpu" else [],
            "edge": {"enabled": name.startswith("edge")},
            "domain": f"{name}.example.net",
            "monitor": LOGS,
        }
        inventory[name] = ({**data, **change}, (group,))
    return load_site(inventory, root)
