"""Hosts as facts: bare ones of every system, and one on which everything is as it shall be."""

from __future__ import annotations

from typing import Any

from firstlight import receipt
from firstlight.catalogue import System
from firstlight.engines.unit import EngineUnit
from firstlight.facts.accounts import AccountExists
from firstlight.facts.docker import Daemon, DockerDaemon, ImagesPresent
from firstlight.facts.edge import Edge, EdgeState
from firstlight.facts.engines import EngineState, EngineStates
from firstlight.facts.files import PathStates
from firstlight.facts.nvidia import NvidiaProbe
from firstlight.facts.packages import InstalledPackages, Packages
from firstlight.facts.probe import HostProbe, Probe
from firstlight.facts.receipt import Serving, ServingVersions
from firstlight.facts.services import UnitProperties
from firstlight.facts.weights import Stored, StoredWeights
from firstlight.nvidia.state import NvidiaState
from firstlight.operations.docker import CONFIG
from firstlight.operations.files import File
from firstlight.release import RELEASES
from firstlight.settings import HostSettings
from firstlight.weights import store
from tests.roles.gpu_hosts import answers as gpu_answers
from tests.roles.gpu_hosts import cards
from tests.roles.stage import Facts, Played

UP = {"ActiveState": "active", "UnitFileState": "enabled"}


def probe(system: System) -> Probe:
    return Probe(
        os_id=system.id, os_version=system.version, arch="x86_64", uid=0,
        systemd=system.systemd, ipv6=True, memory=64 * 2**30, free=10**12,
    )  # fmt: skip


def bare(system: System, state: NvidiaState | None = None) -> Facts:
    """A host with nothing on it but its operating system, and cards on its bus."""

    def facts(_: HostSettings, kind: type, __: dict[str, Any]) -> Any:
        if kind is NvidiaProbe:
            return state or cards(system)
        return probe(system) if kind is HostProbe else kind().default()  # type: ignore[attr-defined]

    return facts


def text(played: Played, host: str, path: str) -> str | None:
    item = played.written[host].get(path)
    return item.data.decode() if isinstance(item, File) else None


def made(system: System, played: Played, state: NvidiaState | None = None) -> Facts:
    """A host on which all that ``played`` would have written stands and runs."""

    def facts(settings: HostSettings, kind: type, asked: dict[str, Any]) -> Any:
        name = settings.name.removeprefix("@fake/")
        there = played.written[name]
        releases = {path.split("/")[5] for path in there if path.startswith(f"{RELEASES}/")}
        release = next(iter(releases), "")
        answers: dict[type, Any] = {
            HostProbe: probe(system),
            PathStates: {p: there[p].state for p in asked.get("paths", ()) if p in there},
            InstalledPackages: Packages(dict.fromkeys(asked.get("names", ()), "1")),
            AccountExists: True,
            UnitProperties: UP,
            DockerDaemon: Daemon(text(played, name, CONFIG), active=True, enabled=True),
            ImagesPresent: frozenset(asked.get("references", ())),
            StoredWeights: stored(settings, asked.get("folder", "")),
            EngineStates: {
                model.name: EngineState("active", True, False, EngineUnit(model).spec())
                for model in settings.models
            },
            EdgeState: Edge(release, release, written=True, active=True, enabled=True),
            ServingVersions: Serving(text=text(played, name, receipt.PATH)),
        }
        if settings.nvidia.enabled:
            answers |= gpu_answers(settings, system, state or cards(system), asked)
        return answers[kind]

    return facts


def stored(settings: HostSettings, folder: str) -> Stored:
    for model in settings.models:
        if store.folder(model) == folder:
            files = {"weights": {"size": 1}}
            marker = {"repo": model.repo, "revision": model.revision, "files": files}
            return Stored(marker, {"weights": 1})
    return Stored()
