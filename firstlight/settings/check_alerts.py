"""Contradictions of alerts: values of receivers that are right by themselves and wrong together."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.settings.check_file import certificate_problems
from firstlight.settings.host import HostSettings
from firstlight.settings.problem import Problem

RESERVED = ("nobody", "watchdog")
"""Names of receivers that Alertmanager gets from us."""


def alert_contradictions(host: HostSettings) -> Iterator[Problem]:
    """What contradicts itself in the alerts of ``host``."""
    if not host.monitor.enabled:
        return
    alerts = host.monitor.alerts
    for name, receiver in alerts.receivers.items():
        key = f'monitor.alerts.receivers["{name}"]'
        if name in RESERVED:
            expected = f"another name: {' and '.join(RESERVED)} are taken"
            yield Problem(host.name, key, name, expected)
        if receiver.repeat * 60 < alerts.interval:
            expected = f"at least monitor.alerts.interval ({alerts.interval} s)"
            yield Problem(host.name, f"{key}.repeat", f"{receiver.repeat} min", expected)
        if receiver.target.ca is not None:
            yield from certificate_problems(
                host.name, f"{key}.{receiver.kind}.ca", receiver.target.ca
            )
    if alerts.watchdog is not None and alerts.watchdog.ca is not None:
        yield from certificate_problems(host.name, "monitor.alerts.watchdog.ca", alerts.watchdog.ca)
