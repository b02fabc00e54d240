"""What an engine over several hosts may reach, and be reached from: the hosts of its copy.

Such an engine is in its host's network, where no bridge parts it from anything. Its packets are
told by the user that its container runs as. Ports are no help: the processes of a copy listen at
ones that they choose as they start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from firstlight.engines import engine_of
from firstlight.engines.placement import placed, spanning
from firstlight.firewall.opening import Opening
from firstlight.settings.sources import addresses_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from firstlight.settings import HostSettings

LOWEST_PORT, HIGHEST_PORT = 1024, 65535
"""Their processes have no right to a lower one."""


@dataclass(frozen=True)
class Peering:
    """The copy that an engine of a host is part of: whose number its user is, and who is in it.

    ``user`` is the number of the container's user, which is the same on the host; ``addresses``
    are those of the other hosts of the copy.
    """

    model: str
    user: int
    addresses: tuple[str, ...]

    def let_out(self) -> Iterator[str]:
        """Yield the rules of a chain that sees the packets of ``user`` alone, and ends them."""
        yield 'oifname "lo" accept comment "engine: its own edge, itself"'
        yield 'ct direction reply ct state established accept comment "engine: answers"'
        for family, found in self.families():
            yield (
                f"{family} daddr {{ {', '.join(found)} }} tcp dport {LOWEST_PORT}-{HIGHEST_PORT} accept "
                f'comment "engine: the other hosts of {self.model}"'
            )

    def families(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the addresses by nftables' name of their family, without empty ones."""
        for family in ("ip", "ip6"):
            found = [each for each in self.addresses if (":" in each) == (family == "ip6")]
            if found:
                yield family, found


def peerings(settings: HostSettings, site: Mapping[str, HostSettings]) -> tuple[Peering, ...]:
    """Return what the engines over several hosts are, of which the host has a part."""
    return tuple(
        Peering(
            instance.name,
            int(engine_of(instance.model).container(instance).user.partition(":")[0]),
            tuple(
                address
                for name in copy_of(settings.name, spanning(instance.model, site), node.count)
                for address in addresses_of(site[name])
            ),
        )
        for instance in placed(settings, site, None)
        if (node := instance.node) is not None
    )


def copy_of(host: str, members: list[str], count: int) -> list[str]:
    """Return the other hosts of the copy that ``host`` is in, of several of ``count`` each."""
    first = members.index(host) // count * count
    return [name for name in members[first : first + count] if name != host]


def openings_of(found: tuple[Peering, ...]) -> Iterator[Opening]:
    """Yield what the peers of each are let in to."""
    for each in found:
        said = f"the other hosts of {each.model}"
        yield Opening("engine", tuple(range(LOWEST_PORT, HIGHEST_PORT + 1)), each.addresses, said)


def chains(found: tuple[Peering, ...]) -> str:
    """Return the chains that keep such engines from all but their peers; empty without any."""
    if not found:
        return ""
    lines = ["\tchain engines {", "\t\ttype filter hook output priority filter; policy accept;"]
    users = sorted({each.user for each in found})
    lines += [f"\t\tmeta skuid {user} jump engines_of_{user}" for user in users]
    lines.append("\t}")
    for user in users:
        rules = [rule for each in found if each.user == user for rule in each.let_out()]
        lines += [
            f"\tchain engines_of_{user} {{",
            *(f"\t\t{rule}" for rule in dict.fromkeys(rules)),
        ]
        lines += ['\t\tcounter reject comment "engine: nobody but its peers"', "\t}"]
    return "\n".join(lines) + "\n"
