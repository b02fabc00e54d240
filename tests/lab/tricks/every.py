"""Every trick by name, with its targets: of an engine, and of the host that proves it leads out."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

from tests.lab.tricks.plain import GROUP4, GROUP6

INTERNET = "203.0.113.9"
"""SIMULATED: an address beyond the lab's network (RFC 5737), which the other host has."""
METADATA = "169.254.169.254"
"""SIMULATED: where clouds answer their machines with their credentials; the other host has it."""
HIDDEN = "firstlight-witness"
GRE, SCTP, IPIP = 47, 132, 4
Trick = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Place:
    """Where tricks are tried, and what they aim at.

    ``own`` is the address there; ``gateway`` the one of the next hop, ``neighbour`` its IPv6 one of
    the link; ``resolver`` the name server. ``host`` is the host of the engine in the lab's network,
    ``docker`` its address to ordinary containers, ``bridge`` the one in another engine's network,
    ``engine`` that other engine; ``lan`` the lab's gateway and ``other`` another host of it.
    """

    interface: str
    own: str
    gateway: str
    neighbour: str
    resolver: str
    host: str
    docker: str
    bridge: str
    engine: str
    lan: str
    other: str


def plain(at: Place) -> dict[str, Trick]:
    """What any program may try."""
    places = {
        "internet": INTERNET, "metadata": METADATA, "other-host": at.other, "host": at.host,
        "gateway": at.gateway, "docker0": at.docker, "other-bridge": at.bridge,
        "other-engine": at.engine,
    }  # fmt: skip
    found: dict[str, Trick] = {}
    for name, host in places.items():
        found[f"tcp-{name}"] = ("tcp", {"host": host})
        found[f"udp-{name}"] = ("udp", {"host": host})
        found[f"ping-{name}"] = ("ping", {"host": host})
    for name, port in (("ssh", 22), ("http", 80), ("https", 443)):
        found[f"{name}-host"] = ("tcp", {"host": at.host, "port": port})
    found |= {
        "ssh-gateway": ("tcp", {"host": at.gateway, "port": 22}),
        "ssh-docker0": ("tcp", {"host": at.docker, "port": 22}),
        "ssh-other-bridge": ("tcp", {"host": at.bridge, "port": 22}),
        "ssh-other-host": ("tcp", {"host": at.other, "port": 22}),
        "http-metadata": ("tcp", {"host": METADATA, "port": 80}),
        "registry-lan": ("tcp", {"host": at.lan, "port": 5000}),
        "ping-lan": ("ping", {"host": at.lan}),
        "dns-resolver": ("dns", {"server": at.resolver}),
        "dns-internet": ("dns", {"server": INTERNET}),
        "dns-internet-tcp": ("dns", {"server": INTERNET, "over": "tcp"}),
        "dns-gateway": ("dns", {"server": at.gateway}),
        "dns-host-tcp": ("dns", {"server": at.host, "over": "tcp"}),
        "dhcp-gateway": ("udp", {"host": at.gateway, "port": 68, "source": 67}),
        "from-port-53": ("udp", {"host": at.other, "source": 53}),
        "broadcast": ("shouted", {"host": "255.255.255.255", "interface": at.interface}),
        "multicast": ("shouted", {"host": GROUP4, "interface": at.interface}),
        "multicast6": ("shouted", {"host": GROUP6, "interface": at.interface}),
        "ping6-neighbour": ("ping", {"host": f"{at.neighbour}%{at.interface}"}),
        "tcp6-neighbour": ("tcp", {"host": f"{at.neighbour}%{at.interface}", "port": 22}),
        "udp6-neighbour": ("udp", {"host": f"{at.neighbour}%{at.interface}"}),
        "abstract": ("abstract", {"name": HIDDEN}),
    }
    return found


def crafted(at: Place) -> dict[str, Trick]:
    """What takes root inside of it: packets and frames made by hand."""
    line = {"interface": at.interface, "next_hop": at.gateway, "asks": at.own}
    found: dict[str, Trick] = {
        "raw-internet": ("raw", {"host": INTERNET, "source": at.own}),
        "raw-spoofed": ("raw", {"host": at.other, "source": at.host}),
        "raw-ack": ("raw", {"host": at.other, "source": at.own, "protocol": socket.IPPROTO_TCP}),
        "frame-internet": ("frame", {"host": INTERNET, "source": at.own, **line}),
        "frame-other": ("frame", {"host": at.other, "source": at.own, **line}),
        "frame-spoofed": ("frame", {"host": at.other, "source": at.engine, **line}),
        "frame-metadata": ("frame", {"host": METADATA, "source": at.own, **line}),
        "arp-other": ("known", {"host": at.other, "interface": at.interface, "source": at.own}),
    }
    for name, number in (("gre", GRE), ("sctp", SCTP), ("ipip", IPIP)):
        found[name] = ("raw", {"host": at.other, "source": at.own, "protocol": number})
    return found
