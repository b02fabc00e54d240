"""What answers from outside against what is declared."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from firstlight.audit.finding import Finding
from firstlight.audit.host import Looked
from firstlight.audit.listener import Listener
from firstlight.firewall.opening import Opening, Protocol

MANY = 12  # ports that are named one by one; of more of them only the first
NETWORK = ipaddress.ip_network


@dataclass(frozen=True)
class Seen:
    """One address of a host, seen from ``vantage`` (a host's name, or "here").

    ``source`` is the address that the questions came from; "" where nothing answered. ``asked``
    are the TCP ports that were probed, as ranges. ``error`` is why nothing could be asked.
    """

    host: str
    address: str
    vantage: str
    source: str = ""
    tcp: tuple[int, ...] = ()
    udp: tuple[int, ...] = ()
    asked: tuple[tuple[int, int], ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    error: str = ""

    @property
    def silent(self) -> bool:
        """Whether nothing at all came back."""
        return not (self.tcp or self.udp or self.counts.get("closed"))

    def was_asked(self, port: int) -> bool:
        """Whether ``port`` was probed."""
        return any(low <= port <= high for low, high in self.asked)


def exposed(looked: Looked, seen: Seen) -> Iterator[Finding]:
    """Yield what answers at an address and should not, and what should and does not."""
    ports: list[tuple[Protocol, int]] = [("tcp", p) for p in seen.tcp]
    ports += [("udp", p) for p in seen.udp]
    undeclared = [
        (protocol, port)
        for protocol, port in ports
        if not any(port in each.ports for each in declared(looked, protocol))
    ]
    yield from named(looked, seen, undeclared)
    for protocol, port in ports:
        found = [each for each in declared(looked, protocol) if port in each.ports]
        if found and not any(lets_in(each, seen.source) for each in found):
            yield beyond(looked, seen, found[0], port)
    for each in declared(looked, "tcp"):
        dead = [p for p in each.ports if seen.was_asked(p) and p not in seen.tcp]
        if each.anywhere and dead:
            yield Finding(
                "exposed-silent",
                "warn",
                looked.host,
                f"TCP {said(dead)} of {seen.address} does not answer",
                f"{each.role} is declared open to anywhere; asked from {seen.vantage}",
                "look why: systemctl status nginx"
                if each.role == "edge"
                else "start what serves it",
            )


def together(found: Iterable[Finding]) -> list[Finding]:
    """Return findings that differ in where they were seen from alone as one each."""
    why: dict[Finding, list[str]] = {}
    for each in found:
        why.setdefault(replace(each, why=""), []).append(each.why)
    return [
        replace(each, why=f"{said[0]}{''.join(_also(more) for more in said[1:])}")
        for each, said in why.items()
    ]


def _also(why: str) -> str:
    return f", and {why.rpartition('asked ')[2]}"


def declared(looked: Looked, protocol: Protocol) -> list[Opening]:
    """Return the openings of ``protocol``."""
    return [each for each in looked.openings if each.protocol == protocol]


def lets_in(opening: Opening, source: str) -> bool:
    """Whether an opening lets ``source`` in; where that address is not known it is not blamed."""
    if opening.anywhere or not source:
        return True
    address = ipaddress.ip_address(source.partition("%")[0])
    return any(address in NETWORK(each, strict=False) for each in opening.sources)


def named(looked: Looked, seen: Seen, ports: Sequence[tuple[Protocol, int]]) -> Iterator[Finding]:
    """Yield a finding for each undeclared port, or one for all where there are very many."""
    for protocol, port in ports[:MANY]:
        holder = held(looked.listeners, protocol, port, seen.address)
        who = holder.said if holder else "nothing on the host listens there, so something redirects"
        fix = f"look for it: nft list ruleset | grep -e dnat -e redirect -e {port}"
        if holder:
            fix = f"{declaration(port, protocol)} or stop it: {holder.stop}"
        yield Finding(
            "exposed-undeclared",
            "fail",
            looked.host,
            f"{protocol.upper()} {port} of {seen.address} answers and nobody declared it: {who}",
            f"asked from {seen.vantage}",
            fix,
        )
    if len(ports) > MANY:
        rest = [port for _, port in ports[MANY:]]
        yield Finding(
            "exposed-undeclared",
            "fail",
            looked.host,
            f"{len(rest)} more undeclared ports of {seen.address} answer: {said(rest)}",
            f"asked from {seen.vantage}",
            "run deploys/firewall.py: where everything answers there is no firewall",
        )


def beyond(looked: Looked, seen: Seen, opening: Opening, port: int) -> Finding:
    """Return the finding for a port that answers somebody whom it is not declared for."""
    return Finding(
        "exposed-source",
        "fail",
        looked.host,
        f"{opening.protocol.upper()} {port} of {seen.address} answers {seen.source}",
        f"{opening.role} is declared for {opening.said} only; asked from {seen.vantage}",
        f"run deploys/firewall.py, or declare this source in {setting(opening)}",
    )


def setting(opening: Opening) -> str:
    """Return the setting that says who an opening is for."""
    return "firewall.admin" if opening.said == "admin networks" else "firewall.allow"


def declaration(port: int, protocol: str) -> str:
    """Return the setting that declares a port."""
    return (
        f'declare it: firewall.allow = [{{"ports": [{port}], "protocol": "{protocol}", '
        '"from": "…", "why": "…"}]'
    )


def held(
    listeners: Iterable[Listener], protocol: str, port: int, address: str = ""
) -> Listener | None:
    """Return who listens at a port; rather at this very address than at all of them."""
    found = [
        each
        for each in listeners
        if each.protocol == protocol and each.port == port and not each.loopback
    ]
    return min(found, key=lambda each: each.address != address, default=None)


def said(ports: Sequence[int]) -> str:
    """Return port numbers in few words: ``80, 443, 8000-8007``."""
    runs: list[list[int]] = []
    for port in sorted(set(ports)):
        if runs and port == runs[-1][1] + 1:
            runs[-1][1] = port
        else:
            runs.append([port, port])
    texts = [str(low) if low == high else f"{low}-{high}" for low, high in runs]
    return ", ".join(texts[:MANY]) + (" and others" if len(texts) > MANY else "")
