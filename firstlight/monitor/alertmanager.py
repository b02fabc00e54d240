"""Alertmanager's configuration, made from the settings of alerts; right for 0.25 to 0.33."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from firstlight.errors import FirstlightError
from firstlight.monitor.receivers import Target, endpoint, entry, matcher
from firstlight.rendering import MANAGED
from firstlight.secret import Secret
from firstlight.secrets.needed import had, receiver_secret
from firstlight.secrets.resolved import resolved
from firstlight.settings.alerts import Alerts
from firstlight.settings.host import HostSettings
from firstlight.settings.receiver import Receiver
from firstlight.settings.secret_source import SecretSource

UNIT = "prometheus-alertmanager.service"
ACCOUNT = "prometheus"
LISTEN = "127.0.0.1:9093"
URL = f"http://{LISTEN}"
FOLDER = "/etc/firstlight/alertmanager"
STORAGE = "/var/lib/prometheus/alertmanager"
NOBODY, WATCHDOG = "nobody", "watchdog"
WATCHDOG_ALERT, TEST_ALERT, HOST_DOWN = "Watchdog", "FirstlightTest", "HostDown"
PRECISE = ("instance", "model", "replica", "gpu", "UUID", "mountpoint", "name", "unit", "key")
"""Labels by which one thing is told from another: only of the same one a worse alert speaks."""
TEST_INTERVAL = 5
Resolve = Callable[[SecretSource, str], Secret]


def document(alerts: Alerts, secret: Resolve, folder: str) -> dict[str, Any]:
    """Return the configuration; ``secret`` has secrets from their sources.

    ``folder`` is where CA files lie. Its values hold secrets: they are never shown.
    """
    receivers: list[dict[str, Any]] = [{"name": NOBODY}]
    for name, receiver in alerts.receivers.items():
        receivers.append(
            {
                "name": name,
                f"{receiver.kind}_configs": [
                    {
                        **entry(receiver.target, by_field(name, secret), ca(folder, name)),
                        "send_resolved": receiver.resolved,
                    }
                ],
            }
        )
    if alerts.watchdog is not None:
        sent = entry(alerts.watchdog, by_field(WATCHDOG, secret), ca(folder, WATCHDOG))
        # A message that it is over would be a sign of life.
        receivers.append({"name": WATCHDOG, "webhook_configs": [{**sent, "send_resolved": False}]})
    return {
        "global": {"resolve_timeout": "5m"},
        "templates": ["firstlight.tmpl"],
        "route": route(alerts),
        "inhibit_rules": inhibitions(),
        "receivers": receivers,
    }


def by_field(name: str, secret: Resolve) -> Callable[[SecretSource, str], str]:
    """Return what reveals the secret in a field of the receiver ``name``."""
    return lambda source, field: secret(source, receiver_secret(name, field)).reveal()


def ca(folder: str, name: str) -> str:
    """Return the path of the CA file of the receiver ``name``."""
    return f"{folder}/{name}.crt"


def names(alerts: Alerts) -> list[str]:
    """Return the names of all that get messages, the dead man's switch last."""
    return [*alerts.receivers, *([WATCHDOG] if alerts.watchdog else [])]


def route(alerts: Alerts) -> dict[str, Any]:
    """Return the tree of routes: tests, signs of life, then everybody by severity."""
    return {
        "receiver": NOBODY,
        # One message for all hosts on which the same goes wrong; models have readers of their own.
        "group_by": ["alertname", "severity", "model"],
        "group_wait": f"{alerts.wait}s",
        "group_interval": f"{alerts.interval}s",
        "repeat_interval": "4h",
        "routes": [
            tests(alerts),
            beat(alerts),
            *[by_severity(name, each) for name, each in alerts.receivers.items()],
        ],
    }


def tests(alerts: Alerts) -> dict[str, Any]:
    """Return the route of test alerts: each to the receiver that it names, at once."""
    to = [{"matchers": [f'receiver="{name}"'], "receiver": name} for name in names(alerts)]
    return {
        "matchers": [f'alertname="{TEST_ALERT}"'],
        "receiver": NOBODY,
        # Each test is a group of its own: what was told already is not told again.
        "group_by": ["alertname", "receiver", "test"],
        "group_wait": "0s",
        "group_interval": f"{TEST_INTERVAL}s",
        **({"routes": to} if to else {}),
    }


def beat(alerts: Alerts) -> dict[str, Any]:
    """Return the route of the signs of life."""
    found: dict[str, Any] = {
        "matchers": [f'alertname="{WATCHDOG_ALERT}"'],
        "receiver": WATCHDOG if alerts.watchdog else NOBODY,
    }
    if alerts.watchdog:
        every = alerts.watchdog.every
        # What was told less than repeat_interval ago is left out: half of it leaves out none.
        found |= {
            "group_wait": "0s",
            "group_interval": f"{every}s",
            "repeat_interval": f"{every // 2}s",
        }
    return found


def by_severity(name: str, receiver: Receiver) -> dict[str, Any]:
    """Return the route of one receiver; those after it are asked as well."""
    return {
        "matchers": [matcher(receiver.severities)],
        "receiver": name,
        "repeat_interval": f"{receiver.repeat}m",
        "continue": True,
    }


def inhibitions() -> list[dict[str, Any]]:
    """Return which alerts silence which others."""
    return [
        {
            "source_matchers": [f'alertname="{HOST_DOWN}"'],
            "target_matchers": [f'alertname!="{HOST_DOWN}"', 'instance!=""'],
            "equal": ["instance"],
        },
        *[
            {
                "source_matchers": [f'severity="{worse}"'],
                "target_matchers": [f'severity="{better}"'],
                "equal": ["alertname", *PRECISE],
            }
            for worse, better in (
                ("critical", "warning"),
                ("critical", "info"),
                ("warning", "info"),
            )
        ],
    ]


def text(alerts: Alerts, secret: Resolve, folder: str, beside: dict[str, str]) -> Secret:
    """Return the file's text. ``beside`` are the files that it is loaded with, by path.

    Their hash stands in it: Alertmanager tells the hash of this file only, and by it is known that
    it loaded the others too.
    """
    mark = hashlib.sha256(json.dumps(beside, sort_keys=True).encode()).hexdigest()[:16]
    body = yaml.safe_dump(
        document(alerts, secret, folder), sort_keys=False, allow_unicode=True, width=4096
    )
    return Secret(f"# {MANAGED}\n# Loaded with: {mark}\n{body}")


def obstacles(settings: HostSettings) -> Iterator[FirstlightError]:
    """Yield why a monitor cannot tell alerts to whom it shall: secrets that cannot be had."""
    found = had(settings, ("alerts",))
    yield from found
    alerts = settings.monitor.alerts
    targets: dict[str, Target | None] = {n: each.target for n, each in alerts.receivers.items()}
    for name, target in {**targets, WATCHDOG: alerts.watchdog}.items():
        try:
            if target is not None and not found:
                endpoint(target, by_field(name, resolved))
        except FirstlightError as error:
            where = f"{settings.name}: monitor.alerts, receiver {name} ({error.where})"
            yield FirstlightError(error.what, where=where, why=error.why, fix=error.fix)


def loaded_as(content: str) -> str:
    """Return what Alertmanager says in alertmanager_config_hash when it has loaded ``content``.

    It is the first 48 bits of the MD5 sum, as a number.
    """
    digest = hashlib.md5(content.encode(), usedforsecurity=False).digest()
    return str(int.from_bytes(digest[:6], "little"))
