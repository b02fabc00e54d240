"""What the inventory says of its hosts, as far as those who look at its monitors need it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from typing import Any

from firstlight import settings
from firstlight.errors import FirstlightError
from firstlight.settings.fronts import Site
from firstlight.settings.watched import monitors


@dataclass(frozen=True)
class SeenHost:
    """One host. ``monitors`` are the names of those that watch it, ``interval`` is in seconds.

    ``agent`` says that it sends what it measures on and keeps nothing. ``models`` are public names.
    """

    name: str
    groups: tuple[str, ...]
    monitors: tuple[str, ...]
    models: tuple[str, ...]
    site: str
    interval: float
    agent: bool
    watched: bool
    currency: str
    slo: Mapping[str, float]


def as_said(site: Site) -> dict[str, Any]:
    """Return the hosts of a site as one line of JSON says them."""
    return {"hosts": [asdict(of_host(host, site)) for host in site.values()]}


def of_host(host: settings.HostSettings, site: Site) -> SeenHost:
    """Return what is to be known of ``host``."""
    slo = host.monitor.alerts.slo
    return SeenHost(
        name=host.name,
        groups=tuple(sorted(host.groups)),
        monitors=tuple(each.name for each in monitors(host, site)),
        models=tuple(dict.fromkeys(model.public for model in host.models)),
        site=host.site,
        interval=float(host.monitor.interval),
        agent=host.monitor.prometheus.mode == "agent",
        watched=host.monitor.enabled,
        currency=host.monitor.cost.currency,
        slo={"ttft_p95": slo.ttft_p95, "itl_p95": slo.itl_p95, "errors": slo.errors},
    )


def parsed(said: Mapping[str, Any]) -> tuple[SeenHost, ...]:
    """Return what :func:`as_said` said. Raises the :class:`FirstlightError` that stands in its place."""
    if "error" in said:
        raise FirstlightError(**said["error"])
    return tuple(host(each) for each in said["hosts"])


def host(said: Mapping[str, Any]) -> SeenHost:
    """Return a host whose tuples became lists on the way."""
    plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in said.items()}
    return SeenHost(**plain)


def limited(hosts: Iterable[SeenHost], limit: Iterable[str]) -> tuple[SeenHost, ...]:
    """Return the hosts that any word of ``limit`` names: a host, a group, or a pattern of names.

    Without words all of them. Raises :class:`FirstlightError` for a word that names none.
    """
    every, words = tuple(hosts), tuple(limit)
    for word in words:
        if not any(is_named(each, word) for each in every):
            names = ", ".join(each.name for each in every[:20])
            raise FirstlightError(
                "no host and no group has this name", where=f"--limit {word}", fix=f"hosts: {names}"
            )
    return tuple(each for each in every if not words or any(is_named(each, w) for w in words))


def is_named(host: SeenHost, word: str) -> bool:
    """Whether ``word`` means this host."""
    return word in host.groups or fnmatch(host.name, word)
