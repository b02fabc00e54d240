"""What an uninstallation does with each thing that the manifest names: pure decisions.

What firstlight made goes, what it replaced comes back, what somebody changed since stays and is
named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from firstlight.facts.manifest import Entry, Recorded, Unit

Part = Literal["files", "units", "ssh", "firewall", "weights", "docker", "state"]
Kind = Literal["unit", "remove", "tree", "rmdir", "restore", "beside", "mode", "keep"]

STATE = ("/etc/firstlight", "/usr/local/lib/firstlight", "/var/lib/firstlight")
DAEMON = "/etc/docker/daemon.json"
DOCKER = ("docker.service", "docker.socket", "containerd.service")
"""Units that Docker's packages bring: they stay on while others' containers are in it."""
DOCKERS = re.compile(r"(^|[-/])(docker|moby|containerd|runc|cni)")
"""Packages, accounts and folders that stay with others' containers and volumes."""
UNITS = "/etc/systemd/system/"
OWN_FOLDER = re.compile(r"/firstlight(-[^/]*)?$")
OFF = (
    "disabled",
    "not-found",
    "masked",
    "static",
    "indirect",
    "-",
    "generated",
    "alias",
    "transient",
)


@dataclass(frozen=True)
class Action:
    """One step: what is done with a path. ``mode`` is of a directory: "755 root:root"."""

    kind: Kind
    path: str
    mode: str = ""


def part_of(path: str, store: str) -> Part:
    """Return the part of the removal that a path belongs to: parts go one after the other."""
    name = path.rsplit("/", 1)[1]
    if path == store or path.startswith(f"{store}/"):
        return "weights"
    if path == DAEMON:
        return "docker"
    if any(path == each or path.startswith(f"{each}/") for each in STATE):
        return "state"
    if path.startswith("/etc/ssh/"):
        return "ssh"
    if name.startswith(("firstlight-firewall", "firstlight-trial")) or "nftables" in path:
        return "firewall"
    return "units" if path.startswith(f"{UNITS}firstlight") else "files"


def actions(found: Recorded, part: Part, store: str) -> list[Action]:
    """Return what is to be done for ``part``: files first, then folders from the deepest on."""
    made = [
        action
        for entry in found.entries
        if part_of(entry.path, store) == part
        if (action := decided(entry)) is not None
    ]
    if part == "weights":  # the programs that fetch write there, and what they write is no entry
        return [Action("tree", store)] if found.named("weights") else []
    folders = [action for action in made if action.kind == "rmdir"]
    rest = [action for action in made if action.kind != "rmdir"]
    return [*rest, *sorted(folders, key=lambda action: action.path.count("/"), reverse=True)]


def decided(entry: Entry) -> Action | None:
    """Return what is to be done with one path; None: it is as it was, or not there."""
    path, was, now = entry.path, entry.was, entry.now
    folder, own_name = now[:1].isdigit(), "firstlight" in path
    if now in ("absent", "original") and was != "kept":
        return None
    if was == "owned" and not own_name:  # a pattern such as a keyring's fits others' files too
        return None
    if was == "late" and not own_name:  # it may have been there before: nobody wrote that down
        return Action("keep", path)
    if was == "kept":
        kind: Kind = "beside" if now == "changed" or folder else "restore"
        return None if now == "original" else Action(kind, path)
    if was[:1].isdigit():
        return Action("mode", path, was) if folder and was != now else None
    return Action(gone(path, now, was), path)


def gone(path: str, now: str, was: str) -> Kind:
    """Return how a path goes that firstlight made."""
    if now[:1].isdigit():
        return "tree" if OWN_FOLDER.search(path) else "rmdir"
    if now == "changed":
        return "keep"
    if path.startswith(f"{UNITS}firstlight"):
        return "unit"
    return "tree" if was == "owned" else "remove"


def to_switch(units: Sequence[Unit], leave: Sequence[str]) -> list[tuple[str, str]]:
    """Return (verb of systemctl, unit) that make units of others as they were.

    What was not known then is switched off: what did not run before does not run afterwards.
    ``leave`` are units that somebody uses by now.
    """
    verbs = []
    for unit in units:
        if unit.name in leave or unit.was[0] == "?":
            continue
        was_on, on = unit.was[0] not in OFF, unit.now[0] not in OFF
        ran, runs = unit.was[1] == "active", unit.now[1] in ("active", "activating", "failed")
        if was_on != on:
            verbs.append(("enable" if was_on else "disable", unit.name))
        if ran != runs:
            verbs.append(("start" if ran else "stop", unit.name))
    return sorted(verbs, key=lambda verb: ("disable", "stop", "enable", "start").index(verb[0]))


def stays(found: Recorded) -> bool:
    """Whether packages or weights of firstlight's are on the host: then it is remembered which."""
    return bool(found.moved("+", "installed") or found.named("weights")) and bool(found.taken)


def others_containers(found: Recorded) -> bool:
    """Tell whether containers or volumes are on the host that are not firstlight's."""
    return any(int(count) > 0 for count in found.named("foreign"))


def to_purge(
    found: Recorded, data: Sequence[str]
) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """Return the packages, accounts and folders that go; Docker's only where nobody uses it."""
    made = (*found.moved("+", "user"), *found.moved("+", "group"))
    groups = (found.moved("+", "installed"), tuple(dict.fromkeys(made)), data)
    if not others_containers(found):
        return groups
    names, accounts, folders = (
        [each for each in group if not DOCKERS.search(each)] for group in groups
    )
    return names, accounts, folders
