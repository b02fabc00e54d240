"""Which hosts a lab shall have, and as what: noted before any of them is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from firstlight.lab import identity, kinds
from firstlight.lab.exclusive import Say
from firstlight.lab.gpus import hardware
from firstlight.lab.state import HostEntry, Rack

DEFAULT_SUITE = "trixie"


@dataclass(frozen=True)
class Wanted:
    """What new hosts shall be: by host, "" for every one. Empty: as the lab has it by default."""

    suite: str | None = None
    gpus: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)

    def names(self, others: Iterable[str]) -> list[str]:
        """``others`` and every host that is named here."""
        known = [*others]
        return [*known, *sorted({*self.gpus, *self.kinds} - {"", *known})]


def note(rack: Rack, names: Iterable[str], wanted: Wanted, say: Say) -> None:
    """Note the hosts that are not there yet; what is there stays, and says so."""
    for name in wanted.names(names):
        gpus = wanted.gpus.get(name, wanted.gpus.get("", ""))
        kind = wanted.kinds.get(name, wanted.kinds.get("", ""))
        fresh = HostEntry(
            identity.host_address(rack.network, name),
            wanted.suite or DEFAULT_SUITE,
            gpus or hardware.NONE,
            kind or kinds.CONTAINER,
        )
        entry = rack.hosts.get(name)
        if entry is None:
            entry = rack.hosts[name] = kinds.checked(fresh)
        if wanted.suite and entry.suite != wanted.suite:
            say(f"{name} stays {entry.suite} (firstlight lab reset {name} --suite {wanted.suite})")
        if gpus and entry.gpus != gpus:
            say(f"{name} stays with GPUs {entry.gpus} (firstlight lab reset {name} --gpus {gpus})")
        if kind and entry.kind != kind:
            say(f"{name} stays of kind {entry.kind} (a lab of another --name, or down --purge)")
