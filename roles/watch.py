"""Watch: what a host measures of itself, and on a monitor what is made of it, in their order.

It comes after the first token, and a run ends with it: serving depends on none of it. What is not
wanted is taken away where the host has it.
"""

from __future__ import annotations

from firstlight.maintenance_plan import loud
from firstlight.monitor.rules import rules
from firstlight.planned import WatchPlan
from firstlight.settings import HostSettings
from firstlight.settings.fronts import Site
from firstlight.settings.log_streams import moves_logs
from firstlight.settings.watched import has_dashboards, is_monitor, monitors
from roles.alertmanager import alertmanager
from roles.dcgm import dcgm
from roles.ended import ended
from roles.exporters import exporters
from roles.grafana import grafana
from roles.logs import logs
from roles.prometheus import prometheus


def watch(host: WatchPlan) -> None:
    """Have the host measured; on a monitor: have all its hosts watched, told of and shown."""
    settings, system, sites, there = host.settings, host.system, host.sites, host.probe.observing
    watched = bool(monitors(settings, sites))
    if watched or "exporters" in there:
        expected = settings.monitor.alerts.backup_hours > 0
        exporters(settings, system, host.instances, watched=watched, backup_expected=expected)
    if host.gpu_class or "dcgm" in there:
        dcgm(settings, system, host.gpu_class)
    if moves_logs(settings, sites) or "logs" in there:
        logs(settings, system, sites)
    monitor(host, settings, sites)
    ended(host.run)
    loud()


def monitor(host: WatchPlan, settings: HostSettings, sites: Site) -> None:
    """Set up what a monitor has, and take away what one has left that is none any more."""
    system, there, here = host.system, host.probe.observing, is_monitor(settings, sites)
    if here or "alertmanager" in there:  # before who tells it: what nobody takes is lost
        alertmanager(settings, sites, system)
    if here or "prometheus" in there:
        prometheus(settings, system, sites, rules(settings, sites) if here else {})
    if has_dashboards(settings, sites) or "grafana" in there:
        grafana(settings, sites)
