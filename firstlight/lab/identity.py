"""Who a lab is on its machine: id, interface and machine names, address range."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Iterator
from pathlib import Path

from firstlight.errors import FirstlightError

RANGE = ipaddress.IPv4Network("10.128.0.0/9")
PREFIX = 24
CANDIDATES = 64
FIRST_HOST = 11


def lab_id(checkout: Path, name: str) -> str:
    """Six hex digits that name this lab of this checkout everywhere on the machine."""
    text = f"{checkout.resolve()}\0{name}"
    return hashlib.sha256(text.encode()).hexdigest()[:6]


def bridge_name(identity: str) -> str:
    """The lab's bridge: 8 characters, far below the kernel's 15."""
    return f"fl{identity}"


def table_name(identity: str) -> str:
    """The lab's own nftables table (family ``inet``)."""
    return f"firstlight_lab_{identity}"


def machine_name(identity: str, host: str) -> str:
    """The name systemd-nspawn knows a host by; its host-side interface is ``vb-`` + this."""
    return f"{identity}-{host}"


def host_names(count: int) -> list[str]:
    """``lab1`` … ``labN``."""
    return [f"lab{number}" for number in range(1, count + 1)]


def candidates(identity: str) -> Iterator[ipaddress.IPv4Network]:
    """The address ranges this lab may take, always the same ones in the same order."""
    slots = 1 << (PREFIX - RANGE.prefixlen)
    for attempt in range(CANDIDATES):
        digest = hashlib.sha256(f"{identity}:{attempt}".encode()).digest()
        slot = int.from_bytes(digest[:4], "big") % slots
        first = int(RANGE.network_address) + (slot << (32 - PREFIX))
        yield ipaddress.IPv4Network((first, PREFIX))


def clashes(
    network: ipaddress.IPv4Network, taken: Iterable[ipaddress.IPv4Network]
) -> ipaddress.IPv4Network | None:
    """The first of ``taken`` that overlaps ``network``; a default route does not count."""
    for other in taken:
        if other.prefixlen > 0 and network.overlaps(other):
            return other
    return None


def choose(identity: str, taken: Iterable[ipaddress.IPv4Network]) -> ipaddress.IPv4Network:
    """The first candidate range that overlaps nothing in ``taken``."""
    used = list(taken)
    for network in candidates(identity):
        if clashes(network, used) is None:
            return network
    raise FirstlightError(
        "no free address range for the lab's network",
        why=f"{CANDIDATES} ranges out of {RANGE} all overlap a route or address of this machine",
        fix="take an unused route away (`ip route`), or `firstlight lab down` another lab",
    )


def bridge_address(network: ipaddress.IPv4Network) -> str:
    """The machine's own address on the bridge: the first of the range."""
    return str(network.network_address + 1)


def host_address(network: ipaddress.IPv4Network, host: str) -> str:
    """The address of ``labN``: .11 for lab1, .12 for lab2 and so on."""
    number = int(host.removeprefix("lab"))
    if not 1 <= number <= 200:
        raise FirstlightError(
            "a lab has at most 200 hosts", where=host, why="its addresses come from one /24"
        )
    return str(network.network_address + FIRST_HOST - 1 + number)
