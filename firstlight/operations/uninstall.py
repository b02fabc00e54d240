"""A host made as it was before firstlight: each step goes by the manifest, and can be repeated."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from firstlight import adapter
from firstlight.facts.manifest import ManifestState, Recorded
from firstlight.facts.remaining import UNKNOWN, Remaining, summary
from firstlight.manifest import FOLDER
from firstlight.operations import removal_scripts as scripts
from firstlight.operations.commands import script
from firstlight.operations.packages import awaited
from firstlight.operations.transaction_apt import OURS as HELD
from firstlight.removal import (
    DOCKER,
    STATE,
    Part,
    actions,
    others_containers,
    stays,
    to_purge,
    to_switch,
)

Commands = Generator[StringCommand, None, None]


@dataclass(frozen=True)
class Traces:
    """Where traces of firstlight can be, beside what the manifest says.

    ``owned`` are patterns of paths, ``units`` are units of others that it configures, ``store``
    holds the weights.
    """

    owned: tuple[str, ...]
    units: tuple[str, ...]
    store: str
    manager: Literal["apt", "dnf"] = "apt"

    def read(self, *kinds: str) -> Recorded:
        """Return what of it is on the host, of these ``kinds`` or of all."""
        found = host.get_fact(
            ManifestState,
            folder=FOLDER,
            held=HELD,
            owned=self.owned,
            units=self.units,
            store=self.store,
            kinds=kinds,
        )
        return found or Recorded()


def lines(words: Iterable[Sequence[str]], separator: str = " ") -> str:
    """Return what a script reads from its stdin: a line for each of ``words``."""
    return "".join(f"{separator.join(each)}\n" for each in words)


@operation()
def put_back(traces: Traces, part: Part) -> Commands:
    """
    Remove the files and units that firstlight wrote, and put back those that it replaced.

    + traces: where they can be
    + part: which of them
    """
    found = traces.read("paths")
    todo: list[tuple[str, str, str]] = [
        (each.kind, each.path, each.mode)
        for each in actions(found, part, traces.store)
        if each.kind != "keep"
    ]
    aside = found.named("aside") if part == "files" else ()
    sysctls = found.words.get("sysctl", ()) if part == "files" else ()
    tables = found.named("table") if part == "firewall" else ()
    if not (todo or aside or sysctls or tables):
        host.noop("nothing of it is left")
        return
    if sysctls:
        yield script(scripts.SYSCTLS, *(f"{key}={value}" for key, value in sysctls))
    todo += [("aside", path, "") for path in aside]
    if todo:
        yield script(scripts.FILES, FOLDER, _stdin=lines(todo, "\t"))
    if tables:
        yield script(scripts.TABLES, *tables)


@operation()
def containers_gone(traces: Traces) -> Commands:
    """
    Remove the containers, networks, volumes and images that firstlight brought.

    + traces: where they can be
    """
    found = traces.read("docker")
    kinds = ("container", "network", "volume", "image")
    todo = [(kind, name) for kind in kinds for name in found.named(kind)]
    if not todo:
        host.noop("Docker holds nothing of firstlight's")
        return
    yield script(scripts.CONTAINERS, _stdin=lines(todo))


@operation()
def holds_lifted(traces: Traces) -> Commands:
    """
    Let packages move again that firstlight held.

    + traces: where they can be
    """
    held = traces.read("holds").named("hold")
    if not held:
        host.noop("no package is held for firstlight")
        return
    yield script(scripts.UNHOLD[traces.manager], *held)


@operation()
def switched(traces: Traces) -> Commands:
    """
    Have units of others enabled and running as they were, and off where they were not there.

    + traces: where they can be
    """
    found = traces.read("units", "docker")
    todo = to_switch(found.units, DOCKER if others_containers(found) else ())
    if not (todo or found.named("bridge")):
        host.noop("units of others are as they were")
        return
    yield script(scripts.SWITCH, _stdin=lines(todo))
    yield script(scripts.DOCKER_LEFT, FOLDER)


@operation()
def purged(traces: Traces, data: Sequence[str], lock_timeout: int = 300) -> Commands:
    """
    Remove the packages that firstlight installed, and the accounts that they made.

    + traces: where they can be
    + data: folders that their daemons make
    + lock_timeout: seconds to wait for another user of the package manager
    """
    found = traces.read("packages", "docker")
    names, accounts, data = to_purge(found, data)
    if not (names or accounts or found.named("cut")):
        host.noop("firstlight installed no package that is here")
        return
    yield awaited(traces.manager, lock_timeout)
    purge = scripts.PURGE[traces.manager].join(scripts.AROUND)
    yield script(purge, FOLDER, _stdin="\n".join(names))
    yield script(scripts.DATA, FOLDER, *data)
    if marked := found.moved("-", "auto"):
        yield script(scripts.AUTOMATIC, *marked)
    if accounts:
        yield script(scripts.THEIR_ACCOUNTS, FOLDER, *accounts)


@operation()
def accounts_gone(traces: Traces, keep: Sequence[str]) -> Commands:
    """
    Remove the accounts that firstlight's programs ran as.

    + traces: where they can be
    + keep: those that still own something
    """
    found = traces.read("accounts")
    todo = [name for name in found.named("account") if name not in keep]
    if not todo:
        host.noop("no account of firstlight's is left over")
        return
    yield script(scripts.ACCOUNTS, *todo)


@operation()
def forgotten(traces: Traces) -> Commands:
    """
    Say what is left that was not there before, and remove what firstlight kept for itself.

    + traces: where they can be
    """
    found = traces.read("packages")
    keep = stays(found)
    if not found.named("own") and (keep or not found.taken):
        host.noop("firstlight keeps nothing here")
        return
    if adapter.is_executing(state):
        left = host.get_fact(Remaining, folder=FOLDER, own=STATE) or []
        told = summary(left, bool(found.moved("+", "installed")))
        for line in told if found.taken == "first" else [UNKNOWN]:
            adapter.say(f"    {host.name}: {line}")
    yield script(scripts.FORGET, FOLDER, "yes" if keep else "no")
