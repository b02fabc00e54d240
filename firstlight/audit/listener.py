"""A socket that listens on a host, and which program, unit and container holds it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_USERS = re.compile(r'"([^"]+)",pid=(\d+)')
_CONTAINER = re.compile(r"(?:docker[-/]|libpod-)([0-9a-f]{64})")


@dataclass(frozen=True)
class Published:
    """A port that a container publishes: where, and the container's name."""

    container: str
    address: str
    port: int
    protocol: str

    @property
    def loopback(self) -> bool:
        """Whether only the host itself reaches it."""
        return is_loopback(self.address)


@dataclass(frozen=True)
class Listener:
    """One listening socket; ``program`` is "" where the kernel itself listens."""

    protocol: str
    address: str
    port: int
    program: str = ""
    pid: int = 0
    unit: str = ""
    container: str = ""

    @property
    def loopback(self) -> bool:
        """Whether only the host itself reaches it."""
        return is_loopback(self.address)

    @property
    def said(self) -> str:
        """Who listens, as a report names it."""
        if self.container:
            return f"container {self.container}"
        name = self.program or "the kernel"
        return f"{name} ({self.unit})" if self.unit else name

    @property
    def stop(self) -> str:
        """The command that ends it."""
        if self.container:
            return f"docker rm -f {self.container}"
        if self.unit.endswith((".service", ".socket")):
            return f"systemctl disable --now {self.unit}"
        return f"kill {self.pid}" if self.pid > 1 else "end what made the kernel listen"


def is_loopback(address: str) -> bool:
    """Whether an address as ss or Docker writes it is the host's own: ``127.0.0.53%lo``, ``[::1]``."""
    bare, _, zone = address.strip("[]").partition("%")
    try:
        found = ipaddress.ip_address(bare or "::")
    except ValueError:
        return zone == "lo"
    mapped = getattr(found, "ipv4_mapped", None)
    return zone == "lo" or (mapped or found).is_loopback


def listeners(
    protocol: str,
    lines: Iterable[str],
    groups: Mapping[int, str],
    published: Iterable[Published] = (),
    sockets: Mapping[int, str] | None = None,
) -> list[Listener]:
    """Return the listeners in ``lines`` of ``ss -Hlnp``.

    ``groups`` are control groups by process, ``published`` is what containers publish, whose
    sockets Docker's proxy holds, and ``sockets`` are socket units by port, which PID 1 holds.
    """
    public = list(published)
    found = []
    for line in lines:
        parts = line.split()
        if len(parts) < 5 or not parts[3].rpartition(":")[2].isdecimal():
            continue
        address, _, port = parts[3].rpartition(":")
        match = _USERS.search(line)
        name, pid = (match[1], int(match[2])) if match else ("", 0)
        by_proxy = next(
            (
                each.container
                for each in public
                if name == "docker-proxy" and (each.protocol, each.port) == (protocol, int(port))
            ),
            "",
        )
        inside = _CONTAINER.search(groups.get(pid, ""))
        unit = (sockets or {}).get(int(port), "") if pid == 1 else unit_of(groups.get(pid, ""))
        container = by_proxy or (inside[1][:12] if inside else "")
        found.append(Listener(protocol, address.strip("[]"), int(port), name, pid, unit, container))
    return sorted(set(found), key=lambda each: (each.port, each.address, each.program))


def sockets(
    parts: Mapping[str, list[str]],
    containers: Iterable[Mapping[str, Any]],
    public: Iterable[Published],
) -> Iterable[Listener]:
    """Yield the listening sockets with who holds them."""
    groups = {
        int(pid): group
        for pid, _, group in (line.partition(" ") for line in parts.get("groups", []))
        if pid.isdecimal()
    }
    units = {
        int(port): unit
        for address, _, unit in (line.partition(" ") for line in parts.get("sockets", []))
        if (port := address.rpartition(":")[2]).isdecimal()
    }
    names = {str(each["id"])[:12]: str(each["name"]).lstrip("/") for each in containers}
    for protocol in ("tcp", "udp"):
        for each in listeners(protocol, parts.get(protocol, []), groups, public, units):
            named = names.get(each.container, each.container)
            yield Listener(**{**each.__dict__, "container": named})


def unit_of(group: str) -> str:
    """Return the unit of a control group: ``/system.slice/nginx.service`` is nginx.service's."""
    names = [name for name in group.split("/") if name.endswith((".service", ".scope"))]
    return names[-1] if names else ""
