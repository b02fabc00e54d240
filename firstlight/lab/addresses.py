"""Which addresses this machine uses or reaches already, so that a lab takes others."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path
from typing import Any

from firstlight.errors import FirstlightError
from firstlight.lab import identity
from firstlight.lab.command import run
from firstlight.lab.state import read_json

Network = ipaddress.IPv4Network

RESOLV_CONF = Path("/etc/resolv.conf")
# What systemd-resolved and NetworkManager keep beside a resolv.conf that names only themselves.
BEHIND_STUB = (
    Path("/run/systemd/resolve/resolv.conf"),
    Path("/run/NetworkManager/no-stub-resolv.conf"),
)


def from_routes(routes: list[dict[str, Any]], own_bridge: str) -> list[Network]:
    """Destinations of ``ip -json route show table all``, without those of our own bridge."""
    found = []
    for route in routes:
        if route.get("dev") == own_bridge or route.get("dst") in (None, "default"):
            continue
        found.append(Network(str(route["dst"]), strict=False))
    return found


def from_links(links: list[dict[str, Any]], own_bridge: str) -> list[Network]:
    """Networks of all addresses in ``ip -json -4 address``, without our own bridge's."""
    return [
        Network(f"{address['local']}/{address['prefixlen']}", strict=False)
        for link in links
        if link.get("ifname") != own_bridge
        for address in link.get("addr_info", [])
    ]


def nameservers(resolv_conf: str) -> list[str]:
    """The IPv4 servers a resolv.conf names that are not the machine itself."""
    found = []
    for line in resolv_conf.splitlines():
        words = line.split()
        if len(words) < 2 or words[0] != "nameserver":
            continue
        try:
            address = ipaddress.IPv4Address(words[1])
        except ValueError:
            continue
        if not address.is_loopback:
            found.append(words[1])
    return found


def resolv_conf() -> str:
    """The text guests get: the machine's, or what lies behind its loopback resolver."""
    for path in (RESOLV_CONF, *BEHIND_STUB):
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        servers = nameservers(text)
        if servers:
            kept = [line for line in text.splitlines() if line.startswith(("search", "options"))]
            return "\n".join([*(f"nameserver {server}" for server in servers), *kept, ""])
    raise FirstlightError(
        "no name server that lab hosts could ask",
        where=str(RESOLV_CONF),
        why="it names no IPv4 server other than the machine's own loopback",
        fix="name an upstream server there, or run systemd-resolved",
    )


def taken(identifier: str, lib_dir: Path) -> list[Network]:
    """Everything on this machine a range must not overlap: routes, addresses, DNS, labs."""
    bridge = identity.bridge_name(identifier)
    routes = json.loads(run("ip", "-json", "-4", "route", "show", "table", "all"))
    found = from_routes(routes, bridge)
    found += from_links(json.loads(run("ip", "-json", "-4", "address")), bridge)
    # A name server behind the default route has no route of its own that would show it.
    found += [Network(server) for server in nameservers(resolv_conf())]
    for path in lib_dir.glob("*/rack.json"):
        data = read_json(path)
        if data is not None and path.parent.name != identifier:
            found.append(Network(data["network"]["cidr"]))
    return found
