"""Dashboards: described once, written as Grafana's JSON and as the list in docs/dashboards.md."""

from __future__ import annotations

from firstlight.monitor.dashboards.deploys import DEPLOYS
from firstlight.monitor.dashboards.edge import EDGE
from firstlight.monitor.dashboards.fleet import FLEET
from firstlight.monitor.dashboards.gpu import GPUS
from firstlight.monitor.dashboards.host import HOST
from firstlight.monitor.dashboards.model import MODEL
from firstlight.monitor.dashboards.page import text
from firstlight.monitor.dashboards.panel import Dashboard
from firstlight.monitor.dashboards.scope import EVERYTHING, Scope

ALL = (FLEET, MODEL, GPUS, HOST, EDGE, DEPLOYS)
"""Every dashboard, in the order in which people go through them."""
HOME = FLEET.uid
"""The one that is shown first."""


def shown(scope: Scope) -> tuple[Dashboard, ...]:
    """Return the dashboards of a site, each with the panels that it can fill."""
    return tuple(each.within(scope) for each in ALL if scope.has(each.needs))


def files(scope: Scope) -> dict[str, str]:
    """Return Grafana's JSON of a site's dashboards by the file's name."""
    return {f"{each.uid}.json": text(each, scope) for each in shown(scope)}


__all__ = ["ALL", "EVERYTHING", "HOME", "Dashboard", "Scope", "files", "shown"]
