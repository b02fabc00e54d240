"""What a monitor reads: every page of metrics of the hosts it watches, with the labels it gets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from firstlight.edge import telemetry
from firstlight.engines.placement import placed
from firstlight.monitor.dcgm import declared_class
from firstlight.settings.fronts import Site
from firstlight.settings.host import HostSettings
from firstlight.settings.value import is_ip
from firstlight.settings.watched import measures_gpus, watches

GpuClass = Literal["geforce", "datacenter", "none"]


@dataclass(frozen=True)
class Target:
    """One page: the ``job`` it belongs to, ``address`` as HOST:PORT, its ``path`` and labels."""

    job: str
    address: str
    path: str
    labels: Mapping[str, str]

    @property
    def static(self) -> dict[str, object]:
        """The target as Prometheus's ``static_configs`` have it."""
        return {
            "targets": [self.address],
            "labels": {"__metrics_path__": self.path, **self.labels},
        }


LOOPBACK = "127.0.0.1"
"""Where a monitor reaches what is on itself: its own address may be another tomorrow (DHCP), and
then it would call itself dead."""


def authority(address: str, port: int) -> str:
    """Return HOST:PORT as URLs have it."""
    ipv6 = is_ip(address) and ":" in address
    return f"{f'[{address}]' if ipv6 else address}:{port}"


def targets(
    monitor: HostSettings, site: Site, classes: Mapping[str, GpuClass] | None = None
) -> Iterator[Target]:
    """Yield what ``monitor`` reads at the telemetry ports of all hosts it watches, itself too.

    ``classes`` are the GPU classes that are known better than from the settings, by host.
    """
    for host in watches(monitor, site):
        own_host = host.name == monitor.name
        address = authority(LOOPBACK if own_host else host.reached_at, host.monitor.port)
        kind = (classes or {}).get(host.name) or declared_class(host)
        own = {"instance": host.name, "gpu_class": kind}
        yield Target("node", address, telemetry.NODE, own)
        if measures_gpus(host, site):
            yield Target("gpu", address, telemetry.GPU, own)
        if host.edge.enabled:
            yield Target("edge", address, telemetry.EDGE, own)
        for instance in placed(host, site, None):
            if path := telemetry.engine_path(instance):
                model = instance.model
                labels = {"model": model.public, "replica": instance.name, "engine": model.engine}
                yield Target("engine", address, path, {**own, **labels})
