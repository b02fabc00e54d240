"""What an uninstallation works with, and what it says before it begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from firstlight import adapter
from firstlight.catalogue import System
from firstlight.facts.manifest import Recorded
from firstlight.operations.uninstall import Traces
from firstlight.plan import ground, refusing
from firstlight.removal import DAEMON, STATE, Part, actions
from firstlight.settings import HostSettings

PARTS: tuple[Part, ...] = ("units", "files", "ssh", "firewall", "weights", "state")
VERBS = {
    "unit": "goes", "remove": "goes", "tree": "goes with all in it", "rmdir": "goes if empty",
    "restore": "comes back as it was", "mode": "gets its mode back",
    "beside": "stays: somebody changed it; the one from before is laid beside it",
    "keep": "stays: somebody changed it",
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
            if part != "state" or action.path in STATE:
                yield f"{action.path} {VERBS[action.kind]}"
    if any(entry.path == DAEMON and entry.now != "absent" for entry in found.entries):
        yield f"{DAEMON} gets back what it said where firstlight's keys are; others' keys stay"
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
