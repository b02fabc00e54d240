"""What an uninstallation works with, and what it says before it begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from firstlight import adapter
from firstlight.catalogue import System
from firstlight.facts.manifest import Recorded
from firstlight.operations.uninstall import Traces
from firstlight.plan import ground, refusing
from firstlight.removal import DAEMON, DOCKER, STATE, Part, actions, others_containers, to_switch
from firstlight.settings import HostSettings
from firstlight.settings.uninstall import Uninstall

PARTS: tuple[Part, ...] = ("units", "files", "ssh", "firewall", "weights", "state")
VERBS = {
    "unit": "goes", "remove": "goes", "tree": "goes, with whatever is in it", "rmdir": "goes if empty",
    "restore": "comes back as it was", "mode": "gets its mode back",
    "beside": "stays: somebody changed it; the one from before is laid beside it",
    "keep": "stays: somebody changed it",
}  # fmt: skip


BUT = ", but for the manifest"
NAMED = {
    "container": "containers that go", "network": "networks of Docker that go",
    "volume": "volumes of Docker that go", "image": "images that go",
    "hold": "packages whose hold is lifted", "account": "accounts that go, but for the owner of weights that stay",
    "sysctl": "kernel parameters that get back their value of before",
    "table": "tables of the firewall that go",
}  # fmt: skip


@dataclass(frozen=True)
class UninstallPlan:
    """One host: its settings and its system's words."""

    settings: HostSettings
    system: System


def uninstall_plan() -> UninstallPlan:
    """Return the current host's plan for the way back, or refuse the run."""
    with refusing():
        settings, _, system = ground()
    return UninstallPlan(settings, system)


def announced(plan: UninstallPlan, traces: Traces) -> None:
    """Say what goes, what comes back and what stays on the host."""
    found = traces.read()
    for line in said(found, plan.settings, traces):
        adapter.say(f"    {plan.settings.name}: {line}")


def said(found: Recorded, settings: HostSettings, traces: Traces) -> Iterator[str]:
    """Yield the lines of the announcement."""
    wanted, packages = settings.uninstall, found.moved("+", "installed")
    if found.taken != "first" and found.named("own"):
        yield (
            "firstlight was here before it kept a manifest: what goes is what its roles own by "
            "name; files that it replaced, packages and units of others stay as they are"
        )
    for part in PARTS:
        if part == "weights" and not wanted.weights:
            continue
        for action in actions(found, part, traces.store):
            keeps = action.path == STATE[-1] and remembers(found, wanted)
            if part != "state" or (action.path in STATE and (found.named("own") or not keeps)):
                yield f"{action.path} {VERBS[action.kind]}{BUT if keeps else ''}"
    if any(entry.path == DAEMON and entry.now != "absent" for entry in found.entries):
        yield f"{DAEMON} gets back what it said where firstlight's keys are; others' keys stay"
    yield from switched(found)
    if packages:
        verb = "are purged" if wanted.packages else 'stay (uninstall = {"packages": True}: go)'
        yield f"packages that firstlight installed {verb}: {' '.join(packages)}"
    if gone := sorted(set(found.moved("-", "installed")) - set(packages)):
        yield f"packages that firstlight removed are not put back: {' '.join(gone)}"
    if found.named("weights"):
        verb = "go" if wanted.weights else 'stay (uninstall = {"weights": True}: go)'
        yield f"the weights in {traces.store} {verb}"
    if found.named("own"):
        yield f"keys, CA and receipts of the site stay on this machine, in {settings.state_dir}"


def remembers(found: Recorded, wanted: Uninstall) -> bool:
    """Whether something stays by which a later run has to know what is firstlight's."""
    packages = bool(found.moved("+", "installed")) and not wanted.packages
    return packages or (bool(found.named("weights")) and not wanted.weights)


def switched(found: Recorded) -> Iterator[str]:
    """Yield what has no file of its own: what Docker holds, units of others, kernel parameters."""
    for kind, words in NAMED.items():
        if names := found.named(kind):
            yield f"{words}: {' '.join(names)}"
    if others_containers(found):
        yield "Docker stays, and runs on: containers or volumes of others are in it"
    for verb, unit in to_switch(found.units, DOCKER if others_containers(found) else ()):
        yield f"systemctl {verb} {unit}: as it was before"
