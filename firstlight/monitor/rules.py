"""The rule files of a monitor."""

from __future__ import annotations

from firstlight.monitor.alert_rules import alert_groups
from firstlight.monitor.constants import constants
from firstlight.monitor.records import record_groups
from firstlight.monitor.rule import text
from firstlight.settings.fronts import Site
from firstlight.settings.host import HostSettings

CONSTANTS, RECORDS, ALERTS = "constants.yml", "records.yml", "alerts.yml"


def rules(monitor: HostSettings, site: Site) -> dict[str, str]:
    """Prometheus' rule files for ``monitor`` by their names, valid from Prometheus 2.42 on.

    Only the constants depend on the site, and the alerts on ``monitor.alerts`` of the monitor.
    """
    alerts = monitor.monitor.alerts
    return {
        CONSTANTS: text([constants(monitor, site)]),
        RECORDS: text(record_groups()),
        ALERTS: text(alert_groups(alerts.off, alerts.patience)),
    }
