"""The host's own firewall table: written, tried, confirmed over a new connection, kept in place."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from ipaddress import ip_address, ip_network

from pyinfra import host, state
from pyinfra.api import FunctionCommand, StringCommand, operation

from firstlight import adapter
from firstlight.errors import FirstlightError
from firstlight.facts.files import PathState, PathStates
from firstlight.facts.firewall import Firewall, FirewallState
from firstlight.firewall.place import FILE, LEAST, PROGRAM, SERVICE, TIMER
from firstlight.manifest import recorded
from firstlight.operations.commands import explained, script
from firstlight.operations.files import Directory, File, differing, show_differences
from firstlight.operations.trial import tried

UNITS = (SERVICE, TIMER)
QUIET = {"dhclient", "dhcpcd", "systemd-network", "NetworkManager", "chronyd", "systemd-timesyn"}
"""Programs that ask from a port that they keep open, and are answered as before."""

# The table as it is loaded now: this, and not only the file of before, has to come back.
SAVE = r"""
command -v nft >/dev/null || { echo "nftables is not installed: run deploys/firewall.py once" >&2; exit 1; }
{ printf 'table inet firstlight\ndelete table inet firstlight\n'
  nft --stateless list table inet firstlight 2>/dev/null || :; } >before.nft
nft --check --file before.nft
"""
LOAD = r"""
set -e; systemctl enable --quiet --no-reload {service} {timer}; systemctl daemon-reload
# Others' rules as they start may flush everything: the unit that loads ours at boot comes after.
systemctl restart {service}; systemctl start {timer}
"""
REVERT = r"""
systemctl daemon-reload
[ -s /etc/firstlight/firewall/rules.nft ] || systemctl disable --quiet --now {timer} {service} 2>/dev/null
nft -f before.nft
"""

# Ours is in place before theirs goes: at no moment is there none.
TAKE_OVER = recorded(
    r"""
for firewall; do
  case $firewall in
    ufw) note /etc/ufw/ufw.conf; ufw --force disable >/dev/null && wrote /etc/ufw/ufw.conf ;;
    *) noted "unit $firewall.service"; systemctl disable --quiet --now "$firewall.service" ;;
  esac || exit 1
done
"""
)

ENDED = r"""
rm -rf /etc/firstlight/firewall
systemctl disable --quiet --now "$@" 2>/dev/null; systemctl stop firstlight-firewall-keep.service 2>/dev/null
nft list table inet firstlight >/dev/null 2>&1 && nft delete table inet firstlight; true
"""


def named(text: str) -> str:
    """Return a script with the units' names."""
    return text.replace("{service}", SERVICE).replace("{timer}", TIMER)


@operation()
def enforced(
    items: Sequence[File | Directory],
    python: str,
    seconds: int,
    *,
    declared: Collection[tuple[str, int]],
    admin: Sequence[str],
    take_over: bool = False,
) -> Generator[StringCommand | FunctionCommand, None, None]:
    """
    Have the firewall in place: loaded as written, there at boot, put back where it was flushed.

    + items: the rules, the program that loads them, and the units
    + declared: protocol and number of every port that the rules let in
    + admin: networks that SSH is let in from
    + python: the host's Python
    + seconds: how long a change waits for a new connection
    + take_over: whether ufw and firewalld are switched off
    """
    seen: Firewall = (
        host.get_fact(FirewallState, python=python, program=PROGRAM, units=UNITS) or Firewall()
    )
    # Read after that one, which waits until an earlier change has ended.
    have: dict[str, PathState] = (
        host.get_fact(PathStates, paths=tuple(item.path for item in items)) or {}
    )
    todo = differing(items, have)
    foreign = seen.foreign if take_over else ()
    if not todo and seen.loaded and not (seen.differs or seen.down or foreign):
        host.noop("the firewall is in place as it was written")
        return
    if adapter.wants_diff(state) and not adapter.is_executing(state):
        show_differences(todo)
    for line in () if todo else seen.differs:
        adapter.say(f"{host.name}: firewall: {line}")
    for line in (*closed(seen, declared), *outsiders(seen, admin)):
        adapter.say(f"{host.name}: WARNING: {line}")
    rules = [n for n, item in enumerate(todo) if item.path in (FILE, LEAST)]
    yield from tried(
        "firewall",
        todo,
        check="; ".join(f"nft --check --file {place}" for place in rules),
        save=SAVE,
        apply=named(LOAD),
        revert=named(REVERT),
        seconds=seconds,
    )
    if foreign:
        yield explained(
            script(TAKE_OVER, *foreign),
            FirstlightError(
                f"{', '.join(foreign)} could not be switched off",
                where=host.name,
                why="its own words stand above; firstlight's table is in place beside it",
                fix="switch it off by hand, then run again",
            ),
        )


def closed(seen: Firewall, declared: Collection[tuple[str, int]]) -> Iterator[str]:
    """Yield what is reached from outside now, and will not be any more."""
    for protocol, port, program in seen.reached:
        # Answers by DHCP and time are let in without a declaration.
        if (protocol, port) not in declared and program not in QUIET:
            yield (
                f"{protocol} {port} ({program}) is reached from outside now and will not be; "
                "declare it in firewall.allow if it shall be"
            )
    if seen.containers:
        yield (
            f"containers of others lose their way out: {', '.join(seen.containers)}; "
            "declare it in firewall.forward if they need one (docs/firewall.md)"
        )


def outsiders(seen: Firewall, admin: Sequence[str]) -> Iterator[str]:
    """Yield who is logged in by SSH and will not be let in any more."""
    networks = [ip_network(each) for each in admin]
    for address in seen.sessions:
        if not any(ip_address(address) in network for network in networks):
            yield f"somebody is logged in from {address}, which is in no network of firewall.admin"


@operation()
def ended() -> Generator[StringCommand, None, None]:
    """
    Have no firewall of ours: its table, its units and its files go.
    """
    seen: Firewall = host.get_fact(FirewallState, python="false", program="/", units=()) or (
        Firewall()
    )
    if not (seen.loaded or seen.kept):
        host.noop("there is no firewall of firstlight's")
        return
    yield script(ENDED, *UNITS)
