"""One TLS port at which monitors read what a host measures: its exporters, its edge, its engines.

Exporters listen on the loopback address and engines in networks of their own; nginx alone shows
them to other hosts, and only to holders of a monitor's certificate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from firstlight.edge import mutual
from firstlight.edge.release import SOCKET, TEMPLATES, Texts
from firstlight.engines import endpoint_of, engine_of
from firstlight.engines.instance import Instance
from firstlight.engines.network import EngineNetwork
from firstlight.pki import Leaf
from firstlight.rendering import render

NODE = "/node"
GPU = "/gpu"
EDGE = "/edge"
ENGINE = "/engine/"
NODE_PORT = 9100
"""Loopback port of the node exporter: its own default."""
GPU_PORT = 9400
"""Port of the DCGM exporter, its own default, in a network like the engines'."""
SECONDS = 10
"""What takes longer is of no use to a monitor that asks again by then."""


@dataclass(frozen=True)
class Page:
    """A page of metrics: ``path`` on the telemetry port, ``source`` as nginx's proxy_pass has it.

    An ``engine``'s page is asked for with the secret that the engine wants. A ``file`` is shown as
    it is.
    """

    path: str
    source: str = ""
    engine: bool = False
    file: str = ""


def engine_path(instance: Instance) -> str:
    """Return the path of an engine's metrics; empty where it has none, or another node has them."""
    shows = engine_of(instance.model).metrics and instance.leads
    return f"{ENGINE}{quote(instance.name)}" if shows else ""


def pages(
    instances: Sequence[Instance], *, gpus: bool, edge: bool, facts: str = ""
) -> tuple[Page, ...]:
    """Return every page of a host: ``gpus`` are measured there, it has a public ``edge``.

    ``facts`` is the file that stands for node exporter where the distribution has none.
    """
    node = Page(NODE, file=facts) if facts else Page(NODE, f"http://127.0.0.1:{NODE_PORT}/metrics")
    found = [node]
    if gpus:
        address = EngineNetwork(GPU_PORT).container
        found.append(Page(GPU, f"http://{address}:{GPU_PORT}/metrics"))
    if edge:
        found.append(Page(EDGE, f"http://unix:{SOCKET}:/metrics"))
    for instance in instances:
        if path := engine_path(instance):
            source = f"http://{endpoint_of(instance)}{engine_of(instance.model).metrics}"
            found.append(Page(path, source, engine=True))
    return tuple(found)


@dataclass(frozen=True)
class Telemetry:
    """What a host shows to monitors, at TCP ``port``.

    ``watchers`` are the SHA-1 fingerprints of the monitors' certificates, as nginx names them;
    ``ca`` is the root that those come from, ``leaf`` what the host itself shows. A host that is
    ``alone`` watches itself: nobody else is to reach the port.
    """

    port: int
    pages: tuple[Page, ...]
    watchers: tuple[str, ...]
    ca: str
    leaf: Leaf
    alone: bool = False

    def files(self, folder: str, *, ipv6: bool) -> Texts:
        """Return the release's files by name."""
        everywhere = ("", "[::]:") if ipv6 else ("",)
        conf = render(
            f"{TEMPLATES}/telemetry.conf",
            folder=folder,
            addresses=("127.0.0.1:",) if self.alone else everywhere,
            port=self.port,
            pages=self.pages,
            watchers=self.watchers,
            seconds=SECONDS,
        )
        return {"telemetry.conf": conf, **mutual.gate_files(self.ca, self.leaf)}
