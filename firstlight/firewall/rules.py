"""The ruleset of a host as nftables' text: made from what is declared, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from firstlight.engines.network import RANGE
from firstlight.firewall.opening import Opening
from firstlight.firewall.peers import chains, peerings
from firstlight.firewall.place import FILE, LEAST
from firstlight.rendering import render
from firstlight.settings import HostSettings
from firstlight.settings.firewall import PRIVATE, Firewall, Forward

FAMILIES = ((4, "ip"), (6, "ip6"))
NUMBERS = {"gre": 47, "esp": 50, "ah": 51, "vrrp": 112, "sctp": 132}
"""Protocols without ports of their own here, by the number that packets carry."""


def of_host(
    settings: HostSettings, site: Mapping[str, HostSettings], openings: Sequence[Opening]
) -> str:
    """Return the whole table of a host of the inventory ``site``."""
    edge = settings.edge
    busy = (edge.port, edge.http_port) if edge.enabled else ()
    return ruleset(settings.firewall, openings, busy, chains(peerings(settings, site)))


ADMINISTERED = ("ssh", "dashboards")
"""Roles whose openings are for people who administer the host."""


def ruleset(
    settings: Firewall,
    openings: Sequence[Opening],
    busy_ports: Sequence[int] = (),
    further: str = "",
) -> str:
    """Return the whole table.

    Of ``busy_ports`` one address may have so many connections and no more; ``further`` are chains
    that others add to the table.
    """
    return render(
        FILE.removeprefix("/"),
        openings=[line for each in openings for line in rules(each)],
        passed=[line for each in openings for line in passed(each)],
        forwards=[forwarded(each) for each in settings.forward],
        busy_ports=busy_ports,
        connections=settings.connections,
        further=further,
        engines=RANGE,
    )


def least(openings: Sequence[Opening]) -> str:
    """Return the table of a host whose own one cannot be loaded: SSH, of all ``openings``."""
    lines = [line for each in openings if each.role == "ssh" for line in rules(each)]
    return render(LEAST.removeprefix("/"), ssh=lines)


def rules(opening: Opening) -> Iterator[str]:
    """Yield the rules that let in what ``opening`` declares."""
    if opening.ports:
        what = f"{opening.protocol} dport {listed(spans(opening.ports))}"
    else:
        what = f"meta l4proto {NUMBERS[opening.protocol]}"
    # A container of the operator's has a private address, too: it is no administrator. Who names
    # networks may mean one behind a bridge of the host's own, whose name begins as Docker's do.
    if opening.role in ADMINISTERED:
        bridges = ("docker0", "br-*") if opening.sources == PRIVATE else ("docker0",)
        what = " ".join([*(f'iifname != "{each}"' for each in bridges), what])
    yield from from_sources(opening, what)


def passed(opening: Opening) -> Iterator[str]:
    """Yield the rules that pass on to a container what the operator opened on the host."""
    if opening.role == "allowed" and opening.ports:
        ports = listed(spans(opening.ports))
        what = f"ct status dnat meta l4proto {opening.protocol} ct original proto-dst {ports}"
        yield from from_sources(opening, what)


def from_sources(opening: Opening, what: str) -> Iterator[str]:
    """Yield the rules that accept ``what`` from whom ``opening`` is for."""
    end = f'accept comment "{shortened(opening.comment)}"'
    if opening.anywhere:
        yield f"{what} {end}"
        return
    for version, family in FAMILIES:
        if sources := opening.family(version):
            yield f"{family} saddr {listed(sources)} {what} {end}"


def spans(ports: Sequence[int]) -> list[str]:
    """Return ports as nftables writes them, neighbours of three and more as a range."""
    found: list[list[int]] = []
    for port in sorted(set(ports)):
        if found and port == found[-1][1] + 1:
            found[-1][1] = port
        else:
            found.append([port, port])
    return [
        text
        for low, high in found
        for text in ([f"{low}-{high}"] if high - low > 1 else map(str, sorted({low, high})))
    ]


def forwarded(each: Forward) -> str:
    """Return the rule that lets packets pass between two interfaces."""
    return (
        f'iifname "{each.source}" oifname "{each.to}" accept '
        f'comment "{shortened(f"allowed: {each.why}")}"'
    )


def listed(items: Sequence[str]) -> str:
    """Return an anonymous set, or its one element."""
    return items[0] if len(items) == 1 else f"{{ {', '.join(items)} }}"


def shortened(comment: str) -> str:
    """Return a comment that nftables takes: 128 bytes at most."""
    text = comment.replace('"', "'")
    return text if len(text.encode()) < 128 else text.encode()[:124].decode(errors="ignore") + "..."
