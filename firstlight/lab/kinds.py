"""Kinds of lab hosts: a container that shares the machine's kernel, or a virtual machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from firstlight.errors import FirstlightError
from firstlight.lab.gpus import hardware
from firstlight.lab.nspawn import NspawnHost
from firstlight.lab.state import HostEntry, Rack
from firstlight.lab.supervised import SupervisedHost
from firstlight.lab.vm import able
from firstlight.lab.vm.host import VmHost

CONTAINER, VM = "nspawn", "vm"
KINDS: dict[str, type[SupervisedHost]] = {CONTAINER: NspawnHost, VM: VmHost}
CHOICES = tuple(KINDS)
SUITE = "trixie"
"""The only suite of virtual machines."""


def of(rack: Rack, name: str, say: Callable[[str], None]) -> SupervisedHost:
    """The host ``name`` of ``rack``, as the kind it is."""
    return KINDS[rack.hosts[name].kind](rack, name, say)


def checked(entry: HostEntry) -> HostEntry:
    """Return ``entry`` if the lab has such a host, else raise FirstlightError."""
    hardware.checked_kind(entry.gpus, entry.suite)
    if entry.kind == VM:
        if entry.suite != SUITE or entry.gpus != hardware.NONE:
            raise FirstlightError(
                "the lab has no such virtual machine",
                where=f"suite {entry.suite}, GPUs {entry.gpus}",
                fix=f"--suite {SUITE} and no --gpus for it, or --kind {CONTAINER}",
            )
        if reason := able.refused():
            raise FirstlightError("virtual machines cannot run here", why=reason)
    return entry


def words(given: Iterable[str]) -> dict[str, str]:
    """Kinds by host from words ``KIND`` (every host: "") and ``HOST=KIND``."""
    found = {}
    for word in given:
        host, _, kind = word.rpartition("=")
        if kind not in CHOICES or (host and not re.fullmatch(r"lab[1-9]\d*", host)):
            raise FirstlightError(
                "not a kind of lab host", where=word, fix=f"one of: {', '.join(CHOICES)}; lab2=vm"
            )
        found[host] = kind
    return found
