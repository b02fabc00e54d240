"""Settings of observation: what is measured on a host, and what a monitor does with it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StrictInt

from firstlight.settings.alerts import Alerts
from firstlight.settings.cost import Cost
from firstlight.settings.gpu_exporter import GpuExporter
from firstlight.settings.grafana import Grafana
from firstlight.settings.logs import Logs
from firstlight.settings.prometheus import Prometheus
from firstlight.settings.section import Section
from firstlight.settings.value import Flag, HighPort, whole

# Rules look at rates of two minutes: with less than two samples in them they see nothing.
Interval = Annotated[StrictInt, AfterValidator(whole(1, 60, "a time in seconds"))]


class Monitor(Section):
    """How a host is watched; on a monitor also how it watches."""

    enabled: Flag = Field(default=True, description="Whether the host is watched.")
    port: HighPort = Field(
        default=9443, description="TCP port at which monitors read what the host measures."
    )
    interval: Interval = Field(default=15, description="Seconds between two measurements.")
    gpus: GpuExporter = Field(default_factory=GpuExporter, description="The GPUs' measurements.")
    prometheus: Prometheus = Field(default_factory=Prometheus, description="Prometheus.")
    alerts: Alerts = Field(default_factory=Alerts, description="Alerts and who gets them.")
    grafana: Grafana = Field(default_factory=Grafana, description="Dashboards.")
    logs: Logs = Field(default_factory=Logs, description="The hosts' journals.")
    cost: Cost = Field(default_factory=Cost, description="What energy and hardware cost.")
