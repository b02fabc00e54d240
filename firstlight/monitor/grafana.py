"""What Grafana goes by: its configuration, its secrets, its data source and its dashboards."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from firstlight.edge.dashboards import GRAFANA_PORT
from firstlight.monitor import dashboards
from firstlight.monitor.dashboards.scope import BACKUP, DATA_CENTRE, EDGE, GPU, PROFILED, Scope
from firstlight.monitor.dcgm import declared_class
from firstlight.monitor.scrape import PORT as PROMETHEUS_PORT
from firstlight.monitor.targets import GpuClass, authority
from firstlight.private_file import locked, read_private, write_private
from firstlight.rendering import render
from firstlight.secret import Secret, revealed
from firstlight.settings.fronts import Site
from firstlight.settings.host import HostSettings
from firstlight.settings.watched import measures_gpus, watches

USER = "admin"
ADDRESS = "127.0.0.1"
URL = f"http://{ADDRESS}:{GRAFANA_PORT}"
FOLDER = "/etc/firstlight/grafana"
INSIDE = "/etc/grafana"
"""Where the container sees ``FOLDER``: where Grafana's image looks by itself."""
DATA, DATA_INSIDE = "/var/lib/firstlight/grafana", "/var/lib/grafana"
PASSWORD, KEY = "admin-password", "secret-key"
REACH = "reach.json"
TITLE = "firstlight"
"""Name of the folder that people see the dashboards in."""
_LOAD_SECONDS = 30
_FOLDERS = ("provisioning/alerting", "provisioning/plugins")
"""Grafana complains about every one of its folders that is missing."""
Texts = dict[str, str | Secret]


@dataclass(frozen=True)
class Configuration:
    """Its files by name below ``FOLDER``; ``folders`` are empty ones."""

    files: Texts
    folders: tuple[str, ...] = _FOLDERS

    def spec(self, *others: str, restart: bool = False) -> str:
        """Return the hash of all files and ``others``; with ``restart``: of what asks for one.

        With two secrets of 256 bits among them it says nothing of what it is made of.
        """
        kept = {
            name: revealed(text)
            for name, text in self.files.items()
            if not (restart and name.startswith("dashboards/"))
        }
        whole = json.dumps([kept, *others], sort_keys=True)
        return hashlib.sha256(whole.encode()).hexdigest()[:32]


def configuration(
    settings: HostSettings, site: Site, classes: Mapping[str, GpuClass] | None = None
) -> Configuration:
    """Return what Grafana of the monitor ``settings`` goes by.

    ``classes`` are GPU classes that are known better than from the settings, by host. Raises
    :class:`FirstlightError` where a secret of the site's folder is readable by others.
    """
    shown = dashboards.files(scope(settings, site, classes))
    return Configuration(
        {
            "grafana.ini": _ini(settings),
            PASSWORD: password(settings),
            KEY: _secret(settings, "secret-key", "the key of Grafana's database"),
            REACH: json.dumps({"reach": [[ADDRESS, PROMETHEUS_PORT]], "serves": True}) + "\n",
            "provisioning/datasources/firstlight.yaml": _source(settings),
            "provisioning/dashboards/firstlight.yaml": _provider(),
            **{f"dashboards/{name}": text for name, text in shown.items()},
        }
    )


def scope(
    monitor: HostSettings, site: Site, classes: Mapping[str, GpuClass] | None = None
) -> Scope:
    """Return what ``monitor`` watches, as far as its dashboards go by it."""
    parts: set[str] = set()
    for host in watches(monitor, site):
        parts |= {str(model.engine) for model in host.models}
        kind = (classes or {}).get(host.name) or declared_class(host)
        centre = kind == "datacenter" and measures_gpus(host, site)
        told = {
            EDGE: host.edge.enabled,
            BACKUP: bool(host.monitor.alerts.backup_hours),
            GPU: kind != "none" and measures_gpus(host, site),
            DATA_CENTRE: centre,
            PROFILED: centre and host.monitor.gpus.profiling,
        }
        parts |= {part for part, there in told.items() if there}
    return Scope(frozenset(parts), monitor.monitor.cost.currency)


def password(settings: HostSettings) -> Secret:
    """Return the password of the user ``admin``, made the first time it is asked for."""
    return _secret(settings, "password", "Grafana's password")


def password_file(settings: HostSettings) -> Path:
    """Return where the control machine keeps that password."""
    return settings.state_dir / "grafana" / f"{settings.name}.password"


def _secret(settings: HostSettings, kind: str, what: str) -> Secret:
    path = password_file(settings).with_suffix(f".{kind}")
    if not path.exists():
        with locked(path.parent):
            if not path.exists():  # another run may have been first
                write_private(path, secrets.token_urlsafe(32).encode() + b"\n")
    fix = f"take it away; the next run makes a new one: rm '{path}'"
    return Secret(read_private(path, what, fix).decode().strip())


def _ini(settings: HostSettings) -> str:
    grafana, name = settings.monitor.grafana, settings.domain or settings.reached_at
    return render(
        f"{FOLDER.removeprefix('/')}/grafana.ini",
        address=ADDRESS,
        port=GRAFANA_PORT,
        domain=name,
        url=f"https://{authority(name, grafana.port)}/",
        data=DATA_INSIDE,
        inside=INSIDE,
        user=USER,
        anonymous=grafana.anonymous,
        home=dashboards.HOME,
    )


def _source(settings: HostSettings) -> str:
    """A JSON text is a YAML text."""
    source = {
        "name": "Prometheus",
        "uid": "prometheus",
        "type": "prometheus",
        "access": "proxy",
        "url": f"http://{ADDRESS}:{PROMETHEUS_PORT}",
        "isDefault": True,
        "editable": False,
        "jsonData": {"httpMethod": "POST", "timeInterval": f"{settings.monitor.interval}s"},
    }
    return json.dumps({"apiVersion": 1, "prune": True, "datasources": [source]}, indent=1) + "\n"


def _provider() -> str:
    provider = {
        "name": TITLE,
        "type": "file",
        "folder": TITLE,
        "folderUid": "firstlight",
        "disableDeletion": False,
        "allowUiUpdates": False,
        "updateIntervalSeconds": _LOAD_SECONDS,
        "options": {"path": f"{INSIDE}/dashboards"},
    }
    return json.dumps({"apiVersion": 1, "providers": [provider]}, indent=1) + "\n"
