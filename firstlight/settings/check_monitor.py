"""Contradictions of observation: ports that meet, hosts that a monitor cannot reach."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.monitor.watched import monitors
from firstlight.settings.check_edges import GATE_OFFSET
from firstlight.settings.check_place import NETWORKS
from firstlight.settings.fronts import Site, fronts
from firstlight.settings.host import HostSettings
from firstlight.settings.problem import NOTHING, Problem
from firstlight.settings.sources import addresses_of

GPU_PORT = 9400
"""Port whose network the DCGM exporter has."""


def monitor_contradictions(site: Site) -> Iterator[Problem]:
    """Every contradiction in how the hosts of an inventory are watched."""
    for host in site.values():
        watching = monitors(host, site)
        if watching:
            yield from _ports(host)
            yield from _network(host)
        # Of an edge the firewall's own check says it.
        named = {host.name, *(edge.name for edge in fronts(host, site))}
        for monitor in watching if host.firewall.enabled else ():
            if monitor.name not in named and not addresses_of(monitor):
                expected = f"the IP addresses from which it asks hosts: it watches {host.name}"
                yield Problem(monitor.name, "firewall.addresses", NOTHING, expected)


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


def _network(host: HostSettings) -> Iterator[Problem]:
    """The DCGM exporter has a network as engines have, and two must not meet."""
    if host.monitor.gpus.image is None:
        return
    for index, model in enumerate(host.models):
        for copy in range(model.replicas):
            if (model.port + copy) % NETWORKS == GPU_PORT % NETWORKS:
                expected = f"another port: {GPU_PORT} is the DCGM exporter's"
                yield Problem(host.name, f"models[{index}].port", str(model.port), expected)
