"""What observes, as facts: a host on which all of it runs as it was written, or is left over."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from firstlight.exporter import node
from firstlight.facts.alertmanager import Alerting, AlertmanagerState
from firstlight.facts.exporters import Exporters, ExporterState
from firstlight.facts.gpu_exporter import GpuExporterState
from firstlight.facts.grafana import GrafanaState, Running
from firstlight.facts.guard import Guard
from firstlight.facts.last_run import LastRunResult
from firstlight.facts.logs import LogUnit, LogUnits
from firstlight.facts.prometheus import Prometheus, PrometheusState, UnitState
from firstlight.last_run import WELL
from firstlight.monitor import alertmanager, grafana
from firstlight.monitor.gpu_exporter import LABEL
from firstlight.monitor.release import BASE, RELEASES
from firstlight.monitor.service import DROP_INS
from firstlight.operations import exporters, gpu_exporter
from firstlight.operations import grafana as grafana_operations
from firstlight.operations.files import Directory, File
from firstlight.settings import HostSettings
from roles.alertmanager import CONFIG
from roles.alertmanager import DROP_IN as ALERTING
from roles.grafana import UNIT_FILE as GRAFANA
from roles.prometheus import marks

There = Mapping[str, File | Directory]
ROLES = {
    f"/etc/systemd/system/{exporters.SERVICE}": "exporters",
    gpu_exporter.INSTALLED: "dcgm",
    BASE: "prometheus",
    alertmanager.FOLDER: "alertmanager",
    grafana.FOLDER: "grafana",
}
EVERY = frozenset((*ROLES.values(), "logs"))
LEFT: dict[type, Any] = {
    PrometheusState: Prometheus(left=True),
    AlertmanagerState: Alerting(left=True),
    GrafanaState: Running(there=True),
    GpuExporterState: Guard(left=True),
    ExporterState: Exporters(there=(exporters.SERVICE,)),
    LogUnits: {"firstlight-logs-to-mon1.service": LogUnit(on=True)},
}
"""Of a host that has something of everything."""


def observing(there: There) -> frozenset[str]:
    """Return the roles that the probe finds where ``there`` stands."""
    return frozenset(role for path, role in ROLES.items() if path in there)


def answers(settings: HostSettings, sites: Mapping[str, HostSettings], there: There) -> Any:
    """Return what the facts of observation say where ``there`` runs."""
    return {
        PrometheusState: prometheus(there),
        AlertmanagerState: alerting(there),
        GrafanaState: running(settings, sites, there),
        GpuExporterState: gpus(there),
        ExporterState: exporting(there),
        LastRunResult: WELL,
    }


def text(there: There, path: str) -> str:
    item = there.get(path)
    return item.data.decode() if isinstance(item, File) else ""


def said(pattern: str, within: str) -> str:
    match = re.search(pattern, within)
    return match[1] if match else ""


def prometheus(there: There) -> Prometheus:
    release = said(rf"{RELEASES}/([0-9a-f]+)/prometheus\.yml", "\n".join(there))
    found = marks({unit: text(there, path) for unit, path in DROP_INS.items()})
    units = {unit: UnitState(True, True, False, mark) for unit, mark in found.items()}
    return Prometheus(release, release, release, bool(release), BASE in there, units)


def alerting(there: There) -> Alerting:
    if CONFIG not in there:
        return Alerting()
    spec = said(r"FIRSTLIGHT_SPEC=(\w+)", text(there, ALERTING))
    loaded = alertmanager.loaded_as(text(there, CONFIG))
    return Alerting(spec, loaded, left=True, active=True, enabled=True)


def running(settings: HostSettings, sites: Mapping[str, HostSettings], there: There) -> Running:
    if GRAFANA not in there:
        return Running()
    spec = said(rf"--label {grafana_operations.LABEL}=(\w+)", text(there, GRAFANA))
    site = {each.name: each for each in sites.values()}
    return Running(True, True, spec, grafana.configuration(settings, site).spec(spec))


def gpus(there: There) -> Guard:
    unit = text(there, gpu_exporter.INSTALLED)
    if not unit:
        return Guard()
    label = said(rf"{LABEL}=(\w+)", unit)
    return Guard(hashlib.sha256(unit.encode()).hexdigest(), label, True, True, True)


def exporting(there: There) -> Exporters:
    if exporters.DROP_IN not in there:
        return Exporters()
    up = (node.UNIT, exporters.TIMER)
    mark = said(r"FIRSTLIGHT_MARK=(\w+)", text(there, exporters.DROP_IN))
    return Exporters(mark, (*up, exporters.SERVICE), up, told=True)
