"""Containers as Docker describes them: what they publish, and the networks that they are in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from firstlight.audit.listener import Published

OUTSIDE = ("macvlan", "ipvlan")
"""Drivers that put a container beside the host, with an address of its own on the wire."""


def published(containers: Iterable[Mapping[str, Any]]) -> tuple[Published, ...]:
    """Return every port that containers publish on the host."""
    return tuple(
        Published(
            str(each["name"]).lstrip("/"),
            bound.get("HostIp") or "0.0.0.0",
            int(bound["HostPort"]),
            inner.partition("/")[2] or "tcp",
        )
        for each in containers
        for inner, places in (each.get("ports") or {}).items()
        for bound in places or ()
    )


def networks(containers: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Return the names of containers by their network's name."""
    found: dict[str, tuple[str, ...]] = {}
    for each in containers:
        for name in each.get("networks") or {}:
            found[name] = (*found.get(name, ()), str(each["name"]).lstrip("/"))
    return found


def beside(
    lines: Iterable[str], members: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, str, str], ...]:
    """Return (container, network, driver) of what the host's firewall never sees.

    ``lines`` are ``driver network``, ``members`` containers by network.
    """
    pairs = [line.split(" ", 1) for line in lines if " " in line]
    return tuple(
        (container, network, driver)
        for driver, network in pairs
        if driver in OUTSIDE
        for container in members.get(network, ())
    )
