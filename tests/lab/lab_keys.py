"""Keys of the lab's site that tests ask with, beside firstlight's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from firstlight import keys
from firstlight.lab.state import Rack

MANY: dict[str, Any] = {"rps": 100_000.0, "burst": 100_000, "concurrency": 1000}
# What no limit holds back, and what each limit holds back at once.
LIMITS: dict[str, dict[str, Any]] = {
    "crowd": MANY,
    "slow": {"rps": 1.0, "burst": 1, "concurrency": 8},
    "few": {**MANY, "concurrency": 4},
}


def key_file(rack: Rack, name: str) -> Path:
    """Where the text of the key called ``name`` is kept."""
    return rack.state_dir / f"{name}.key"


def key_text(rack: Rack, name: str) -> str:
    """Return the text of the key called ``name``."""
    return key_file(rack, name).read_text().strip()


def issue(rack: Rack, limits: dict[str, dict[str, Any]]) -> None:
    """Issue those that are not there yet; edges learn of them with the next run."""
    path = rack.state_dir / "keys" / "api-keys.toml"
    for name, given in limits.items():
        if not key_file(rack, name).exists():
            keys.issue(path, name, to=key_file(rack, name), **given)
