"""From inside: what listens, what containers publish, and what the firewall threw away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from firstlight.audit.exposure import declaration
from firstlight.audit.finding import Finding
from firstlight.audit.inside import Inside
from firstlight.firewall.opening import Opening

ENGINES = "fl-"
"""What the bridges of engines' own networks begin with."""
# At the end of a chain: every scan is in it, this audit's own too, so that it always says something.
REST = ("firewall: not let in", "firewall: not forwarded")


def listening(host: str, inside: Inside, openings: Sequence[Opening]) -> Iterator[Finding]:
    """Yield sockets that other machines could reach were the firewall not there."""
    declared = {(each.protocol, port) for each in openings for port in each.ports}
    seen = set()
    for each in inside.listeners:
        key = (each.protocol, each.port)
        if each.loopback or key in declared or key in seen:
            continue
        seen.add(key)
        yield Finding(
            "listening-undeclared",
            "warn" if each.protocol == "tcp" else "note",
            host,
            f"{each.said} listens on {each.protocol.upper()} {each.port} of {each.address}",
            "only the firewall keeps it closed: nobody declared it",
            f"{each.stop}   (or bind it to 127.0.0.1, or {declaration(*key[::-1])})",
        )


def published(host: str, inside: Inside, openings: Sequence[Opening]) -> Iterator[Finding]:
    """Yield what containers publish at other addresses than the host's own loopback."""
    declared = {(each.protocol, port) for each in openings for port in each.ports}
    places = dict.fromkeys(
        (each.container, each.protocol, each.port)
        for each in inside.published
        if not each.loopback and (each.protocol, each.port) not in declared
    )
    for container, protocol, port in places:
        yield Finding(
            "listening-published",
            "fail",
            host,
            f"container {container} publishes {protocol.upper()} {port} to every address",
            "Docker's own rules come before those of most firewalls",
            f"docker rm -f {container}, and publish at 127.0.0.1:{port}: or not at all",
        )
    for container, network, driver in inside.beside:
        yield Finding(
            "listening-published",
            "fail",
            host,
            f"container {container} has an address of its own on the network ({driver})",
            "its packets pass the host's firewall by, and no look at the host's addresses sees it",
            f"docker network disconnect {network} {container}, and publish at 127.0.0.1",
        )


def counters(table: Mapping[str, Any]) -> Iterator[tuple[str, str, str, int]]:
    """Yield (chain, comment, interface, packets) of every rule that counts."""
    for item in table.get("nftables", []):
        rule = item.get("rule") if isinstance(item, dict) else None
        if not rule:
            continue
        count = next((part["counter"] for part in rule["expr"] if "counter" in part), None)
        if isinstance(count, dict):
            matches = [part["match"] for part in rule["expr"] if "match" in part]
            interface = next(
                (str(m["right"]) for m in matches if m["left"] == {"meta": {"key": "iifname"}}), ""
            )
            yield rule["chain"], rule.get("comment", ""), interface, int(count["packets"])


def asking(table: Mapping[str, Any]) -> dict[str, int]:
    """Return packets by interface, of sets that are filled with the interfaces of engines."""
    found: dict[str, int] = {}
    for item in table.get("nftables", []):
        for element in item.get("set", {}).get("elem", []) if isinstance(item, dict) else []:
            inner = element.get("elem", {}) if isinstance(element, dict) else {}
            name, count = inner.get("val", ""), inner.get("counter")
            if isinstance(name, str) and name.startswith(ENGINES) and count:
                found[name] = found.get(name, 0) + int(count["packets"])
    return found


def egress(host: str, inside: Inside) -> Iterator[Finding]:
    """Yield engines that tried to reach something: whatever it was, nothing let it out."""
    by_name = asking(inside.table)
    if not by_name:
        for chain, _, interface, packets in counters(inside.table):
            if chain in ("input", "forward") and interface.startswith(ENGINES) and packets:
                by_name[interface] = by_name.get(interface, 0) + packets
    for name, packets in by_name.items():
        yield Finding(
            "egress-attempts",
            "warn",
            host,
            f"{container(inside, name)} tried to reach something: {packets} packets were dropped",
            f"counted at {name}; an engine answers the edge and asks for nothing",
            "look what it wants: docker logs, and journalctl -k for 'firstlight:'",
        )


def container(inside: Inside, interface: str) -> str:
    """Return whose interface it is: an engine's network is named like its bridge."""
    prefix = interface.rstrip("*")
    exact = interface == prefix
    names = sorted(
        name
        for network, members in inside.containers.items()
        if (network == prefix if exact else network.startswith(prefix))
        for name in members
    )
    if not names:
        return "an engine"
    return (
        f"container {names[0]}" if len(names) == 1 else f"one of the containers {', '.join(names)}"
    )


def dropped(host: str, inside: Inside) -> Iterator[Finding]:
    """Yield, to be known, what the firewall kept out by more than letting nothing else in."""
    counted = [
        f"{chain}: {packets} ({comment or interface or 'dropped'})"
        for chain, comment, interface, packets in counters(inside.table)
        if packets and comment not in REST
    ]
    if counted:
        yield Finding(
            "firewall-counters", "note", host, "the firewall kept packets out", "; ".join(counted)
        )
