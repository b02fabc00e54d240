"""Hosts as facts: bare ones of every system, and one on which everything is as it shall be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from firstlight import receipt
from firstlight.catalogue import System
from firstlight.edge.release import RELEASES
from firstlight.engines.unit import EngineUnit
from firstlight.facts.accounts import AccountExists
from firstlight.facts.backend import EdgeBeforeEngines
from firstlight.facts.certificates import Certificate, CertificateState
from firstlight.facts.docker import Daemon, DockerDaemon, ImagesPresent
from firstlight.facts.edge import Edge, EdgeState
from firstlight.facts.engines import Engines, EngineState, EngineStates
from firstlight.facts.files import PathStates
from firstlight.facts.firewall import Firewall, FirewallState
from firstlight.facts.hardening import HardeningState
from firstlight.facts.nvidia import NvidiaProbe
from firstlight.facts.packages import InstalledPackages, Packages
from firstlight.facts.probe import HostProbe, Probe
from firstlight.facts.receipt import Serving, ServingVersions
from firstlight.facts.services import UnitProperties
from firstlight.facts.ssh import SshConfiguration
from firstlight.facts.weights import Jobs, Stored, StoredWeights
from firstlight.nvidia.obstacles import counted_on
from firstlight.nvidia.state import NvidiaState
from firstlight.operations.docker import CONFIG
from firstlight.operations.engines import STATE
from firstlight.operations.files import Directory, File
from firstlight.secret import Secret
from firstlight.settings import HostSettings
from firstlight.weights.wants import every
from roles import hardening
from roles.certificates import wanted
from roles.engine import SECRET
from tests import sshd
from tests.roles.gpu_hosts import answers as gpu_answers
from tests.roles.gpu_hosts import cards
from tests.roles.observed import answers as observed
from tests.roles.observed import observing
from tests.roles.stage import Facts, Played
from tests.unit.hardening.host import BARE, done
from tests.units import instances_of

UP = {"ActiveState": "active", "UnitFileState": "enabled"}


def probe(system: System) -> Probe:
    return Probe(
        os_id=system.id, os_version=system.version, arch="x86_64", uid=0,
        systemd=system.systemd, ipv6=True, memory=64 * 2**30, free=10**12,
    )  # fmt: skip


def enough(settings: HostSettings, system: System) -> NvidiaState:
    """As many cards as the models ask for."""
    return cards(system, count=max(1, counted_on(settings)))


def bare(system: System, state: NvidiaState | None = None) -> Facts:
    """A host with nothing on it but its operating system, and cards on its bus."""

    def facts(settings: HostSettings, kind: type, _: dict[str, Any]) -> Any:
        if kind is NvidiaProbe:
            return state or enough(settings, system)
        if kind is SshConfiguration:
            return sshd.state()
        if kind is HardeningState:
            return BARE
        return probe(system) if kind is HostProbe else kind().default()  # type: ignore[attr-defined]

    return facts


def text(played: Played, host: str, path: str) -> str | None:
    item = played.written[host].get(path)
    return item.data.decode() if isinstance(item, File) else None


def made(system: System, played: Played, state: NvidiaState | None = None) -> Facts:
    """A host on which all that ``played`` would have written stands and runs."""

    def facts(settings: HostSettings, kind: type, asked: dict[str, Any]) -> Any:
        there_are = state or enough(settings, system)
        name = settings.name.removeprefix("@fake/")
        there = played.written[name]
        releases = {path.split("/")[5] for path in there if path.startswith(f"{RELEASES}/")}
        release = next(iter(releases), "")
        units = units_of(settings, there, len(there_are.gpus_on_bus))
        answers: dict[type, Any] = {
            HostProbe: replace(probe(system), observing=observing(there)),
            PathStates: {p: there[p].state for p in asked.get("paths", ()) if p in there},
            InstalledPackages: Packages(dict.fromkeys(asked.get("names", ()), "1")),
            AccountExists: True,
            UnitProperties: UP,
            DockerDaemon: Daemon(text(played, name, CONFIG), active=True, enabled=True),
            ImagesPresent: frozenset(asked.get("references", ())),
            Jobs: [want.name for want in every(settings.models)],
            StoredWeights: stored(settings, asked.get("folder", "")),
            EngineStates: Engines(
                {
                    unit.instance.name: running(unit, there)
                    for unit in units
                    if staged(unit) in there
                }
            ),
            EdgeBeforeEngines: False,
            FirewallState: Firewall(loaded=True),
            SshConfiguration: sshd.state(),
            HardeningState: done(BARE, hardening.wanted(settings, system)),
            CertificateState: Certificate(
                purpose=wanted(settings) if settings.edge.enabled else "",
                left=1.0,
                served=True,
                up=frozenset(asked.get("timers", ())),
                paths={p: there[p].state for p in asked.get("paths", ()) if p in there},
            ),
            EdgeState: Edge(release, release, written=True, active=True, enabled=True),
            ServingVersions: Serving(text=text(played, name, receipt.PATH)),
        }
        answers |= observed(settings, played.settings, there)
        if settings.nvidia.enabled:
            answers |= gpu_answers(settings, system, there_are, asked)
        return answers[kind] if kind in answers else kind().default()

    return facts


def units_of(
    settings: HostSettings, there: Mapping[str, File | Directory], count: int
) -> list[EngineUnit]:
    """Return the units of a host on which ``there`` stands, which has so many cards."""
    key = there.get(SECRET)
    secrets = (key.content,) if isinstance(key, File) and isinstance(key.content, Secret) else ()
    return [EngineUnit(each, secrets) for each in instances_of(*settings.models, cards=count)]


def running(unit: EngineUnit, there: Mapping[str, File | Directory]) -> EngineState:
    """Return the state of an instance that runs what stands in the files written for it."""
    files = {path: there[path].state.sha256 for path in unit.files}
    return EngineState("active", True, False, unit.spec(), there[staged(unit)].state.sha256, files)


def staged(unit: EngineUnit) -> str:
    return f"{STATE}/{unit.instance.name}/next.service"


def stored(settings: HostSettings, folder: str) -> Stored:
    for want in every(settings.models):
        if want.folder == folder:
            files = {"weights": {"size": 1}}
            return Stored({"source": str(want.source), "files": files}, {"weights": 1})
    return Stored()
