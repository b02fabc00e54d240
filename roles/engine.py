"""Engine: one systemd unit per instance of a model, each a container in the foreground.

Owns firstlight-engine-*.service, what they read in /etc/firstlight/engines, and the containers
named firstlight-*, each in a Docker network of its own that leads nowhere (fl-*). The host alone
reaches it there; the edge is the way in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pyinfra.api.deploy import deploy

from firstlight.adapter import in_order
from firstlight.catalogue import System
from firstlight.edge_plan import gate_ports
from firstlight.engines import bridge, watch
from firstlight.engines.instance import Instance
from firstlight.engines.quoting import exec_line
from firstlight.engines.unit import FOLDER, EngineUnit
from firstlight.firewall.opening import Opening
from firstlight.firewall.peers import openings_of, peerings
from firstlight.operations import engines
from firstlight.operations.files import Directory, File, files
from firstlight.rendering import render
from firstlight.secret import Secret
from firstlight.settings import HostSettings
from firstlight.settings.fronts import Site, fronts
from firstlight.settings.sources import addresses_of
from firstlight.weights.store import STORE
from roles.owned import Owned

WATCH = "/usr/local/lib/firstlight/engine-watch"
BRIDGE = "/usr/local/lib/firstlight/engine-bridge"
SECRET = "/etc/firstlight/secrets/engine-key"
"""What the host's engines ask for, for whoever is root there; the engines have it in files of
their own."""
# systemd knows RestartSteps= since this version; before it the delay stays the same.
GROWING_DELAY_SINCE = 254
# Five starts within it, and the unit stays down. Long enough for those that fail at once, with
# their growing delays; short enough that an engine which served in between is always started.
START_LIMIT_SECONDS = 900

OWNS = Owned(
    files=(
        WATCH,
        BRIDGE,
        SECRET,
        "/etc/systemd/system/firstlight-engine-{model}.service",
        f"{FOLDER}/{{model}}/",
        f"{engines.STATE}/{{model}}/",
    ),
    units=("firstlight-engine-{model}.service",),
)


def opens(settings: HostSettings, sites: Site) -> Iterator[Opening]:
    """Yield the gates, for the edges that offer the host's models, and what peers need."""
    edges = fronts(settings, sites)
    if edges:
        sources = tuple(dict.fromkeys(each for edge in edges for each in addresses_of(edge)))
        names = ", ".join(edge.name for edge in edges)
        yield Opening("engine", gate_ports(settings, sites), sources, f"the edges {names}")
    yield from openings_of(peerings(settings, sites))


def unit_text(unit: EngineUnit, systemd: int, python: str) -> str:
    """Return the text of the unit for a host with this version of ``systemd``."""
    start_seconds = unit.model.start_timeout
    network = unit.instance.network
    return render(
        "etc/systemd/system/firstlight-engine.service",
        model=unit.instance.name,
        engine=unit.model.engine,
        container=unit.container,
        store=STORE,
        done_markers=unit.done_markers,
        network=f"{python} -I {BRIDGE} {' '.join(network.made_by())}" if network else "",
        run=exec_line(unit.run()),
        watch=f"{python} -I {WATCH}",
        watch_file=unit.watch_file,
        unproven=f"{engines.STATE}/{unit.instance.name}/{engines.UNPROVEN}",
        stop_seconds=unit.stop_seconds,
        start_seconds=start_seconds,
        start_limit_seconds=START_LIMIT_SECONDS,
        growing_delay=systemd >= GROWING_DELAY_SINCE,
    )


@deploy("Engine")
def engine(
    instances: Sequence[Instance],
    systemd: int,
    system: System,
    secrets: tuple[Secret, ...] = (),
) -> None:
    """Retire the engines of models gone, and have every instance answering to ``secrets``."""
    units = [EngineUnit(instance, secrets) for instance in instances]
    keyed = any(unit.keyed for unit in units)

    # configure
    files(
        name="Install what brings engines into service",
        items=(
            File(WATCH, Path(watch.__file__).read_text()),
            File(BRIDGE, Path(bridge.__file__).read_text()),
            Directory(engines.STATE, "755"),
            # A user of a container may have a namesake on the host, as nobody has.
            Directory(FOLDER, "700"),
            *([File(SECRET, secrets[0], "600")] if keyed else []),
        ),
        absent=() if keyed else (SECRET,),
    )

    # activate
    engines.retired(
        name="Retire engines of models no longer served",
        keep=tuple(unit.instance.name for unit in units),
    )
    engines.room(name="Make room for engines that trade places", units=tuple(units))
    for unit in in_order(units):
        engines.serving(
            name=f"Have {unit.instance.name} answer",
            unit=unit,
            text=lambda named: unit_text(named, systemd, system.python),
        )
