"""A host as hardening finds it, to be changed one thing at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from firstlight.catalogue.controls import controls
from firstlight.hardening import sysctl
from firstlight.hardening.change import Change, change
from firstlight.hardening.found import Found
from firstlight.hardening.wanted import Wanted, is_applied
from firstlight.operations.files import File

EVERY = tuple(each for each in controls().values() if is_applied(each))
WANTED = Wanted(tuple(each for each in EVERY if not each.asked), "apt")
INTERFACES = ("all", "default", "lo", "eth0", "docker0")
BARE = Found(
    interfaces=frozenset({"eth0"}),
    sysctl={
        key.replace("*", name): "0" if key.endswith("rp_filter") else "7"
        for each in EVERY
        for key in map(sysctl.path, each.sysctl)
        for name in (INTERFACES if "*" in key else ("",))
    },
    modes={"/etc/shadow": 0o644, "/etc/cron.d": 0o755, "/home/ada": 0o700},
    units=dict.fromkeys(WANTED.known_units, ("inactive", "disabled")),
    disk=100 * 1024**3,
    apparmor=True,
    read=True,
)


def without(*names: str) -> Wanted:
    """What is wanted where some controls are off."""
    return replace(WANTED, controls=tuple(e for e in WANTED.controls if e.id not in names))


def done(found: Found, wanted: Wanted = WANTED) -> Found:
    """The host after the change was made, as its fact would say."""
    todo: Change = change(wanted, found)
    states: dict[str, Any] = {path: File(path, text).state for path, text in todo.texts.items()}
    paths = {path: state for path, state in found.paths.items() if path not in todo.absent}
    modes = {path: int(mode, 8) for path, mode in todo.modes.items()}
    units = dict.fromkeys(todo.units, ("active", "enabled"))
    ended = dict.fromkeys(todo.ended, ("inactive", "disabled"))
    return replace(
        found,
        sysctl={**found.sysctl, **todo.kernel, **todo.network},
        modes={**found.modes, **modes},
        paths={**paths, **states},
        units={**found.units, **units, **ended},
        before=todo.before,
    )
