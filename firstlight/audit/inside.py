"""What a host says of itself to an audit."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from firstlight.audit.account import Account, accounts
from firstlight.audit.container import beside, networks, published
from firstlight.audit.listener import Listener, Published, sockets

# Networks of containers and virtual machines: another machine reaches them through the host's own
# address or not at all. Of the bridges only Docker's own: br-mgmt or br-ex are a rack's networks.
_VIRTUAL = re.compile(
    r"lo|docker(\d*|_gwbridge)|br-[0-9a-f]{12}|(fl-|veth|virbr|cni|podman|lxc|vb-|ve-).*"
)

Parts = defaultdict[str, list[str]]


@dataclass(frozen=True)
class Inside:
    """One host from inside. Times are Unix times in seconds, 0 where nothing is known.

    ``source`` is the address that we come from, as the host sees it, ``login`` the account.
    ``containers`` are the names of what runs, by the container networks that it is in.
    ``beside`` are (container, network, driver) with an address of their own on the wire.
    ``environment`` are (unit or container, variable); in ``urls`` are those whose value is an
    address with a password. ``loose`` are (mode, owner, path) of secrets that others than their
    owner can reach. ``sudo`` and ``members`` are lines of sudoers and group(5) that lead to root.
    ``system`` is the operating system's id and version. ``failed`` says why sockets could not be listed; it is
    not empty where the answer was cut off.
    """

    now: float = 0
    manager: str = ""
    system: tuple[str, str] = ("", "")
    login: str = ""
    source: str = ""
    addresses: tuple[str, ...] = ()
    listeners: tuple[Listener, ...] = ()
    published: tuple[Published, ...] = ()
    containers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    beside: tuple[tuple[str, str, str], ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    urls: tuple[tuple[str, str], ...] = ()
    table: dict[str, Any] = field(default_factory=dict)
    rules: str = ""
    changed: tuple[str, ...] = ()
    loose: tuple[tuple[str, str, str], ...] = ()
    root: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    accounts: tuple[Account, ...] = ()
    sudo: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    host_keys: tuple[str, ...] = ()
    held: dict[str, bool] = field(default_factory=dict)
    security: tuple[str, ...] = ()
    lists: float = 0
    upgraded: float = 0
    reboot: str | None = None
    failed: str = "the host said nothing"


def inside(output: Iterable[str]) -> Inside:
    """Read what the fact's script printed."""
    parts: Parts = defaultdict(list)
    name = ""
    for line in output:
        if line.startswith("@"):
            name = line[1:]
            parts[name] = []
        elif line.strip():
            parts[name].append(line)
    failed = [line for line in parts["tcp"] if line.startswith("failed")]
    return Inside(
        now=number("".join(parts["now"])),
        manager="".join(parts["manager"]),
        system=(first(parts["system"], "id"), first(parts["system"], "version")),
        login=first(parts["login"], "user"),
        source=first(parts["login"], "from").partition(" ")[0],
        addresses=own_addresses(parts["addresses"]),
        table=as_json("".join(parts["table"])),
        rules="".join(parts["rules"]).partition(" ")[0],
        changed=tuple(parts["changed"]),
        host_keys=tuple(parts["hostkeys"]),
        failed=" ".join(failed) or ("" if "end" in parts else "the answer was cut off"),
        **what_runs(parts),
        **who_may(parts),
        **packages(parts),
    )


def what_runs(parts: Parts) -> dict[str, Any]:
    """Return sockets, containers, and the variables of both them and units."""
    containers = [found for line in parts["containers"] if (found := as_json(line))]
    public, variable = published(containers), parts["environment"]
    return {
        "listeners": tuple(sockets(parts, containers, public)),
        "published": public,
        "containers": networks(containers),
        "beside": beside(parts["networks"], networks(containers)),
        "environment": variables(variable),
        "urls": variables(line for line in variable if line.endswith(" url")),
    }


def who_may(parts: Parts) -> dict[str, Any]:
    """Return accounts, and who gets at what."""
    secrets = (line.split(" ", 3) for line in parts["secrets"] if line.count(" ") >= 3)
    return {
        "loose": tuple((mode, user, path) for mode, user, _, path in secrets),
        "root": tuple(parts["root"]),
        "empty": tuple(parts["empty"]),
        "accounts": accounts(parts["accounts"]),
        "sudo": tuple(dict.fromkeys(" ".join(line.split()) for line in parts["sudo"])),
        "members": tuple(parts["members"]),
    }


def packages(parts: Parts) -> dict[str, Any]:
    """Return what is held, what waits, and how old that is known."""
    updates = parts["updates"]

    def said(word: str) -> list[str]:
        return [line.split()[1] for line in updates if line.startswith(f"{word} ")]

    return {
        "held": holds(parts["held"]),
        "security": tuple(sorted(set(said("security")))),
        "lists": max([0, *map(number, said("lists"))]),
        "upgraded": max([0, *map(number, said("upgraded"))]),
        "reboot": next((x[6:].strip() for x in updates if x.startswith("reboot")), None),
    }


def first(lines: Iterable[str], word: str) -> str:
    """Return what stands behind ``word`` in the first line that begins with it."""
    return next((line[len(word) + 1 :] for line in lines if line.startswith(f"{word} ")), "")


def variables(lines: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return (unit or container, variable) of lines that name them, with what its value is."""
    rows = [line.split() for line in lines]
    return tuple((row[0], row[1]) for row in rows if len(row) > 1)


def as_json(text: str) -> dict[str, Any]:
    """Return the object that ``text`` says; empty where it says none."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def number(text: str) -> float:
    """Return a number of seconds, 0 for what is none."""
    try:
        return float(text)
    except ValueError:
        return 0


def own_addresses(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the addresses at which other machines may reach the host."""
    pairs = [line.split() for line in lines]
    # "eth0@if3" is what the address list calls one end of a pair.
    ours = [pair for pair in pairs if not _VIRTUAL.fullmatch(pair[0].partition("@")[0])]
    found = [pair[1].partition("/")[0] for pair in ours]
    return tuple(dict.fromkeys(found))


def holds(lines: Iterable[str]) -> dict[str, bool]:
    """Return the installed packages that firstlight holds at their version: whether each is held."""
    rows = [line.split() for line in lines if len(line.split()) == 2]
    locks = [
        word.partition("-0:")[0] if "-0:" in word else word for kind, word in rows if kind == "lock"
    ]
    return {
        name: kind == "hold" or any(lock == name or lock.startswith(f"{name}-") for lock in locks)
        for kind, name in rows
        if kind in ("hold", "free")
    }
