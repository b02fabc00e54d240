"""Units that send or take journals: their texts, and what they are started with."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from firstlight.rendering import render
from firstlight.secret import Secret

UNITS = "etc/systemd/system"
FOLDER = "/etc/firstlight/logs"
STATE = "/var/lib/firstlight/logs"
CA = f"{FOLDER}/ca.crt"
USER = "systemd-journal-remote"
"""The account that the shipper's package brings; private keys come to it as credentials."""


@dataclass
class Part:
    """What one side needs on a host.

    ``files`` are texts by path, of which secrets are root's alone; ``units`` are the units that
    shall be on, with a mark of what each is to be started with.
    """

    files: dict[str, str | Secret] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def add(self, unit: str, template: str, mark: object = "", **values: object) -> str:
        """Add the file of ``unit``; return a mark of its text and of ``mark``."""
        path = f"{UNITS}/{template}"
        bare = render(path, spec="", user=USER, **values)
        spec = hashlib.sha256(json.dumps([bare, mark]).encode()).hexdigest()[:16]
        self.files[f"/{UNITS}/{unit}"] = render(path, spec=spec, user=USER, **values)
        return spec
