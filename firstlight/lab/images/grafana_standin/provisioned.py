"""Data sources and dashboards from files: read as Grafana reads them, JSON alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from .configuration import Configuration, ConfigurationError


class Provisioned:
    """What the provisioning folder says."""

    def __init__(self, sources: dict[str, dict[str, Any]], providers: list[dict[str, Any]]) -> None:
        self.sources, self.providers = sources, providers
        self.dashboards: dict[str, dict[str, Any]] = {}

    @classmethod
    def read(cls, configuration: Configuration) -> Provisioned:
        """Read the folder. Raises :class:`ConfigurationError` where Grafana would not start."""
        folder = configuration.provisioning
        sources = {
            str(needed(each, "uid")): each for each in entries(folder, "datasources", "datasources")
        }
        for each in sources.values():
            for key in ("name", "type", "url"):
                needed(each, key)
        if sum(bool(each.get("isDefault")) for each in sources.values()) > 1:
            raise ConfigurationError("Datasource provisioning error: only one can be the default")
        found = cls(sources, list(entries(folder, "dashboards", "providers")))
        found.load()
        return found

    def load(self) -> None:
        """Read all dashboards anew; one that is broken is told of and left out, as in Grafana."""
        self.dashboards = {}
        for provider in self.providers:
            path = Path(str(needed(needed(provider, "options"), "path")))
            for file in sorted(path.glob("*.json")):
                try:
                    dashboard = json.loads(file.read_text())
                    uid, title = dashboard["uid"], dashboard["title"]
                    if uid in self.dashboards or not title:
                        raise ValueError(f"the uid {uid} or its title is not unique")
                except (OSError, ValueError, KeyError, TypeError) as error:
                    print(f"SIMULATED Grafana: failed to load {file}: {error!r}", file=sys.stderr)
                    continue
                self.dashboards[uid] = {"folder": str(provider.get("folder", "")), **dashboard}


def entries(folder: Path, kind: str, key: str) -> list[dict[str, Any]]:
    """Return what the files of one kind list. Raises :class:`ConfigurationError`."""
    found: list[dict[str, Any]] = []
    for path in sorted((folder / kind).glob("*.y*ml")):
        try:
            text = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{kind} provisioning error: {path}: {error}") from None
        if text.get("apiVersion") != 1 or not isinstance(text.get(key), list):
            raise ConfigurationError(f"{kind} provisioning error: {path}: no apiVersion or {key}")
        found += text[key]
    return found


def needed(entry: dict[str, Any], key: str) -> Any:
    """Return a value that has to be there. Raises :class:`ConfigurationError`."""
    if not entry.get(key):
        raise ConfigurationError(f"provisioning error: {key} is missing in {entry}")
    return entry[key]
