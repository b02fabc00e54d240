"""Firewall: one nftables table of our own, in which nothing is open that nobody declared.

Owns the table `inet firstlight`, its rules in /etc/firstlight/firewall, the unit that loads them
before the network is up, and the timer that puts them back. Other tables are others': Docker's,
ufw's. What a packet may do has to be accepted by all of them; what ours drops stays dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pyinfra.api.deploy import deploy

from firstlight.catalogue import System
from firstlight.firewall import program
from firstlight.firewall.opening import ADMIN, Opening
from firstlight.firewall.place import FENCE, FILE, FOLDER, KEEP, LEAST, PROGRAM
from firstlight.firewall.rules import least, of_host
from firstlight.operations import firewall as operations
from firstlight.operations.files import Directory, File
from firstlight.rendering import render
from firstlight.settings import HostSettings
from firstlight.settings.fronts import Site
from roles.owned import Owned

UNITS = "etc/systemd/system"
NAMES = (*operations.UNITS, KEEP)
LOOK_SECONDS = 15

OWNS = Owned(
    files=(
        f"{FOLDER}/",
        PROGRAM,
        *(f"/{UNITS}/{name}" for name in NAMES),
    ),
    units=operations.UNITS,
)


def opens(settings: HostSettings, _: Site) -> Iterator[Opening]:
    """Yield SSH, from the admin networks."""
    admin = settings.firewall.admin
    yield Opening("ssh", (settings.firewall.ssh_port,), admin, ADMIN)


def items(rules: str, least_rules: str, python: str) -> list[File | Directory]:
    """Return the rules, the program that loads them, and its units."""
    values = {
        "python": python,
        "program": PROGRAM,
        "file": FILE,
        "fence": FENCE,
        "seconds": LOOK_SECONDS,
    }
    units = [File(f"/{UNITS}/{name}", render(f"{UNITS}/{name}", **values)) for name in NAMES]
    return [
        Directory(FOLDER, "700"),
        File(FILE, rules, "600"),
        File(LEAST, least_rules, "600"),
        File(PROGRAM, Path(program.__file__).read_text(), "755"),
        *units,
    ]


@deploy("Firewall")
def firewall(
    settings: HostSettings, system: System, sites: Site, openings: Sequence[Opening]
) -> None:
    """Let in what ``openings`` declare and nothing else; without a firewall, take ours away."""
    wanted = settings.firewall
    if not wanted.enabled:
        operations.ended(name="Have no firewall")
        return

    # configure, activate: the base role has installed nftables
    rules = of_host(settings, sites, openings)
    operations.enforced(
        name="Let in what is declared, and nothing else",
        items=items(rules, least(openings), system.python),
        declared={(each.protocol, port) for each in openings for port in each.ports},
        admin=wanted.admin,
        python=system.python,
        seconds=wanted.confirm_seconds,
        take_over=wanted.take_over,
    )
