"""What a host says of itself that hardening goes by."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from firstlight.facts.files import PathState

# Interfaces that containers and virtual machines of the host hang on: no way out of it. Of the
# bridges only Docker's own: br-mgmt or br-ex are how racks reach their networks.
_INSIDE = re.compile(
    r"lo|docker(\d*|_gwbridge)|br-[0-9a-f]{12}|(fl-|veth|virbr|vnet|cni|lxc|podman).*"
)


@dataclass(frozen=True)
class Before:
    """What stood there before firstlight changed it: kernel parameters, modes, units."""

    sysctl: dict[str, str] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    units: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The file that keeps it, a line for each."""
        lines = [f"sysctl {key} {value}" for key, value in sorted(self.sysctl.items())]
        lines += [f"mode {mode} {path}" for path, mode in sorted(self.modes.items())]
        lines += [f"unit {unit}" for unit in sorted(self.units)]
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True)
class Found:
    """A host as it is. Keys of ``sysctl`` are paths below /proc/sys: only what can be written.

    ``interfaces`` are those with an address or a default route; ``container`` names what kind of container it is, "" for a machine. ``said`` are the lines of
    files that set kernel parameters (file, key as a path, value); ``modes`` are of files and
    folders only; ``loaded`` are those of the unwanted modules that the kernel has now; ``disk`` is
    the size of the journal's file system in bytes.
    """

    container: str = ""
    interfaces: frozenset[str] = frozenset()
    sysctl: dict[str, str] = field(default_factory=dict)
    said: tuple[tuple[str, str, str], ...] = ()
    modes: dict[str, int] = field(default_factory=dict)
    loaded: frozenset[str] = frozenset()
    paths: dict[str, PathState] = field(default_factory=dict)
    units: dict[str, tuple[str, str]] = field(default_factory=dict)
    disk: int = 0
    apparmor: bool = False
    docker_profile: bool = False
    before: Before = field(default_factory=Before)
    read: bool = False

    @property
    def ways_out(self) -> int:
        """How many interfaces lead out of the host."""
        return sum(not _INSIDE.fullmatch(name) for name in self.interfaces)
