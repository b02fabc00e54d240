"""Contradictions of observation: ports that meet, hosts that a monitor cannot reach."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.settings.check_edges import GATE_OFFSET
from firstlight.settings.check_place import NETWORKS
from firstlight.settings.fronts import Site, fronts
from firstlight.settings.host import HostSettings
from firstlight.settings.problem import NOTHING, Problem
from firstlight.settings.sources import addresses_of
from firstlight.settings.watched import GROUP, has_dashboards, is_monitor, monitors

GPU_PORT = 9400
"""Port whose network the DCGM exporter has."""
NODE = {9100: "node exporter"}
WATCHING = {9090: "Prometheus", 9093: "Alertmanager", 9115: "the blackbox exporter"}
DASHBOARDS = {3000: "Grafana"}
"""Loopback ports of what observes, by port. nginx takes a port on every address, and leaves none."""


def monitor_contradictions(site: Site) -> Iterator[Problem]:
    """Every contradiction in how the hosts of an inventory are watched."""
    yield from _nobody(site)
    for host in site.values():
        watching = monitors(host, site)
        if watching:
            yield from _ports(host)
            yield from _loopback(host, site)
            yield from _network(host)
        # Of an edge the firewall's own check says it.
        named = {host.name, *(edge.name for edge in fronts(host, site))}
        for monitor in watching if host.firewall.enabled else ():
            if monitor.name not in named and not addresses_of(monitor):
                expected = f"the IP addresses from which it asks hosts: it watches {host.name}"
                yield Problem(monitor.name, "firewall.addresses", NOTHING, expected)


def _nobody(site: Site) -> Iterator[Problem]:
    """Monitors that are all switched off, while others are to be watched."""
    named = [host for host in site.values() if GROUP in host.groups]
    left = [host.name for host in site.values() if host.monitor.enabled]
    if named and left and not any(host.monitor.enabled for host in named):
        expected = f"True on one of the group {GROUP}: else nobody watches {', '.join(left)}"
        yield Problem(named[0].name, "monitor.enabled", "False", expected)


def _ports(host: HostSettings) -> Iterator[Problem]:
    taken = {host.firewall.ssh_port: "firewall.ssh_port"}
    if host.edge.enabled:
        taken |= {host.edge.port: "edge.port", host.edge.http_port: "edge.http_port"}
    for index, model in enumerate(host.models):
        for copy in range(model.replicas):
            taken[model.port + copy + GATE_OFFSET] = f"models[{index}].port (its gate)"
    wanted = {"monitor.port": host.monitor.port}
    if host.monitor.grafana.image is not None:
        wanted["monitor.grafana.port"] = host.monitor.grafana.port
    for key, port in wanted.items():
        if port in taken:
            expected = f"a port of its own: {taken[port]} is the same"
            yield Problem(host.name, key, str(port), expected)
        taken[port] = key


def _loopback(host: HostSettings, site: Site) -> Iterator[Problem]:
    held = NODE | (WATCHING if is_monitor(host, site) else {})
    held |= DASHBOARDS if has_dashboards(host, site) else {}
    wanted = {"monitor.port": host.monitor.port}
    if has_dashboards(host, site):
        wanted["monitor.grafana.port"] = host.monitor.grafana.port
    if host.edge.enabled:
        wanted |= {"edge.port": host.edge.port, "edge.http_port": host.edge.http_port}
    for key, port in wanted.items():
        if port in held:
            expected = f"another port: {held[port]} listens there, on the loopback address"
            yield Problem(host.name, key, str(port), expected)


def _network(host: HostSettings) -> Iterator[Problem]:
    """The DCGM exporter has a network as engines have, and two must not meet."""
    if host.monitor.gpus.image is None:
        return
    for index, model in enumerate(host.models):
        for copy in range(model.replicas):
            if (model.port + copy) % NETWORKS == GPU_PORT % NETWORKS:
                expected = f"another port: {GPU_PORT} is the DCGM exporter's"
                yield Problem(host.name, f"models[{index}].port", str(model.port), expected)
