"""Alertmanager: who is told of what, by a monitor; it listens on loopback only.

Owns prometheus-alertmanager.service's drop-in and what it reads in /etc/firstlight/alertmanager:
the secrets of receivers are in there, for root and Prometheus's account.
"""

from __future__ import annotations

import hashlib
import json

from pyinfra.api.deploy import deploy

from firstlight.catalogue import System
from firstlight.monitor import alertmanager as configuration
from firstlight.monitor.alertmanager import ACCOUNT, FOLDER, STORAGE, UNIT
from firstlight.monitor.receivers import endpoint
from firstlight.operations import alertmanager as operations
from firstlight.operations import packages
from firstlight.operations.files import Directory, File, files
from firstlight.rendering import render, verbatim
from firstlight.secret import Secret
from firstlight.secrets.resolved import resolved
from firstlight.settings import HostSettings
from firstlight.settings.alerts import Alerts
from firstlight.settings.fronts import Site
from firstlight.settings.receiver import Webhook
from firstlight.settings.watched import is_monitor
from roles.owned import Owned

PACKAGE = "prometheus-alertmanager"
DROP_IN = f"{operations.DROP_IN}/firstlight.conf"
CONFIG, TEMPLATES = f"{FOLDER}/alertmanager.yml", f"{FOLDER}/firstlight.tmpl"
RECEIVERS = f"{FOLDER}/receivers.json"

OWNS = Owned(
    files=(f"{FOLDER}/", DROP_IN, f"{STORAGE}/"),
    units=(UNIT,),
    packages=(PACKAGE,),
)

# What is written stands under numbers; of what is not written now the host's own is read.
CHECK = f"""
mkdir c; cp {FOLDER}/*.tmpl {FOLDER}/*.crt c/ 2>/dev/null || true
for file in [0-9]*; do
  if grep -q '^# Loaded with: ' $file; then cp $file c/alertmanager.yml
  elif grep -q '{{{{ define "firstlight' $file; then cp $file c/firstlight.tmpl; fi
done
[ -e c/alertmanager.yml ] || exit 0
amtool check-config c/alertmanager.yml >c/said 2>&1 || {{
  sed -E 's|(https?://)[^ "]*|\\1(not shown)|g' c/said >&2; exit 1; }}
"""
# Versions before 0.26 show a webhook's URL to whoever asks on the monitor.
HIDES_URLS = """
version=$(prometheus-alertmanager --version 2>&1 | sed -n 's/^alertmanager, version //p')
minor=${version#0.}; minor=${minor%%.*}
case $version in 0.*) [ "$minor" -ge 26 ] || {
  echo "Alertmanager ${version%% *} shows the URLs of webhooks to everybody on this host: give the" \\
    "webhook a plain url and a token, or the monitor a newer system (Debian 13, Ubuntu 24.04)" >&2
  exit 1; } ;; esac
"""


def drop_in() -> tuple[str, str]:
    """Return the drop-in's text, and the mark of a process that was started by it."""

    def text(spec: str) -> str:
        path = DROP_IN.removeprefix("/")
        return render(path, config=CONFIG, storage=STORAGE, listen=configuration.LISTEN, spec=spec)

    spec = hashlib.sha256(text("").encode()).hexdigest()[:16]
    return text(spec), spec


def beside(alerts: Alerts) -> dict[str, str]:
    """Return what the configuration is loaded with, by path: message texts and CA files."""
    found = {TEMPLATES: verbatim(TEMPLATES.removeprefix("/"))}
    targets = {name: each.target.ca for name, each in alerts.receivers.items()}
    if alerts.watchdog is not None:
        targets[configuration.WATCHDOG] = alerts.watchdog.ca
    authorities = {configuration.ca(FOLDER, name): ca for name, ca in targets.items() if ca}
    return found | {path: ca.read_text() for path, ca in authorities.items()}


def endpoints(alerts: Alerts) -> dict[str, tuple[str, ...]]:
    """Return the names of receivers by the host and port where they are reached."""
    targets = {name: each.target for name, each in alerts.receivers.items()}
    found: dict[str, tuple[str, ...]] = {}
    for name, target in {**targets, configuration.WATCHDOG: alerts.watchdog}.items():
        if target is not None:
            host, port = endpoint(target, configuration.by_field(name, resolved))
            at = f"{host}:{port}"
            found[at] = (*found.get(at, ()), name)
    return found


def receivers(settings: HostSettings) -> str:
    """Return who gets messages, for those who test it: names and kinds, no secret."""
    alerts = settings.monitor.alerts
    kinds = {name: each.kind for name, each in alerts.receivers.items()}
    if alerts.watchdog is not None:
        kinds[configuration.WATCHDOG] = "webhook"
    to = [{"name": name, "integration": kind} for name, kind in kinds.items()]
    return json.dumps({"site": settings.site, "monitor": settings.name, "to": to}, indent=1) + "\n"


def hidden(alerts: Alerts) -> bool:
    """Whether a webhook's URL is a secret."""
    targets = [alerts.watchdog, *(each.target for each in alerts.receivers.values())]
    return any(isinstance(each, Webhook) and each.secret_url is not None for each in targets)


def items(settings: HostSettings, text: Secret) -> list[File | Directory]:
    """Return what Alertmanager goes by; ``text`` is its configuration."""
    found = beside(settings.monitor.alerts)
    return [
        Directory(FOLDER, "750", group=ACCOUNT),
        *[File(path, each, "640", group=ACCOUNT) for path, each in found.items()],
        File(RECEIVERS, receivers(settings), "640", group=ACCOUNT),
        File(CONFIG, text, "640", group=ACCOUNT),
    ]


@deploy("Alertmanager")
def alertmanager(settings: HostSettings, sites: Site, system: System) -> None:
    """Have alerts told by a monitor; an agent has nobody to tell, and other hosts neither."""
    if not is_monitor(settings, sites) or settings.monitor.prometheus.mode == "agent":
        operations.retired(name="Tell no alerts")
        return
    alerts = settings.monitor.alerts
    unit, spec = drop_in()
    text = configuration.text(alerts, resolved, FOLDER, beside(alerts))

    # install
    # Before the package: it starts the unit, which by itself listens on every address.
    files(name="Keep Alertmanager to this host", items=(File(DROP_IN, unit),))
    packages.installed(
        name="Install Alertmanager",
        names=(PACKAGE,),
        lock_timeout=settings.base.apt_lock_timeout,
        manager=system.manager,
    )

    # configure
    files(
        name="Configure Alertmanager",
        items=items(settings, text),
        check=CHECK + (HIDES_URLS if hidden(alerts) else ""),
    )

    # activate
    operations.alerting(
        name="Have Alertmanager tell alerts",
        spec=spec,
        loaded=configuration.loaded_as(text.reveal()),
        endpoints=endpoints(alerts),
    )
