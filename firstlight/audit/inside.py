"""What a host says of itself to an audit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from firstlight.audit.account import Account, accounts
from firstlight.audit.container import beside, networks, published
from firstlight.audit.listener import Listener, Published, listeners

# Networks of containers and virtual machines: another machine reaches them through the host's own
# address or not at all.
_VIRTUAL = ("lo", "docker", "br-", "fl-", "veth", "virbr", "cni", "podman", "lxc", "vb-", "ve-")


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
    parts: dict[str, list[str]] = {}
    name = ""
    for line in output:
        if line.startswith("@"):
            name = line[1:]
            parts[name] = []
        elif line.strip():
            parts.setdefault(name, []).append(line)

    def part(name: str) -> list[str]:
        return parts.get(name, [])

    def first(name: str, word: str) -> str:
        found = (line[len(word) + 1 :] for line in part(name) if line.startswith(f"{word} "))
        return next(found, "")

    containers = [found for line in part("containers") if (found := as_json(line))]
    public = published(containers)
    updates, held = part("updates"), part("held")
    failed = [line for line in part("tcp") if line.startswith("failed")]
    return Inside(
        now=number("".join(part("now"))),
        manager="".join(part("manager")),
        system=(first("system", "id"), first("system", "version")),
        login=first("login", "user"),
        source=first("login", "from").partition(" ")[0],
        addresses=own_addresses(part("addresses")),
        listeners=tuple(sockets(parts, containers, public)),
        published=public,
        containers=networks(containers),
        beside=beside(part("networks"), networks(containers)),
        environment=variables(part("environment")),
        urls=variables(line for line in part("environment") if line.endswith(" url")),
        table=as_json("".join(part("table"))),
        rules="".join(part("rules")).partition(" ")[0],
        changed=tuple(part("changed")),
        loose=tuple(
            (mode, user, path)
            for mode, user, _, path in (
                line.split(" ", 3) for line in part("secrets") if line.count(" ") >= 3
            )
        ),
        root=tuple(part("root")),
        empty=tuple(part("empty")),
        accounts=accounts(part("accounts")),
        sudo=tuple(dict.fromkeys(" ".join(line.split()) for line in part("sudo"))),
        members=tuple(part("members")),
        host_keys=tuple(part("hostkeys")),
        held=holds(held),
        security=tuple(sorted({x.split()[1] for x in updates if x.startswith("security ")})),
        lists=max([0, *(number(x.split()[1]) for x in updates if x.startswith("lists "))]),
        upgraded=max([0, *(number(x.split()[1]) for x in updates if x.startswith("upgraded "))]),
        reboot=next((x[6:].strip() for x in updates if x.startswith("reboot")), None),
        failed=" ".join(failed) or ("" if "end" in parts else "the answer was cut off"),
    )


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
    found = [pair[1].partition("/")[0] for pair in pairs if not pair[0].startswith(_VIRTUAL)]
    return tuple(dict.fromkeys(found))


def sockets(
    parts: Mapping[str, list[str]],
    containers: Iterable[Mapping[str, Any]],
    public: Iterable[Published],
) -> Iterable[Listener]:
    """Yield the listening sockets with who holds them."""
    groups = {
        int(pid): group
        for pid, _, group in (line.partition(" ") for line in parts.get("groups", []))
        if pid.isdecimal()
    }
    units = {
        int(port): unit
        for address, _, unit in (line.partition(" ") for line in parts.get("sockets", []))
        if (port := address.rpartition(":")[2]).isdecimal()
    }
    names = {str(each["id"])[:12]: str(each["name"]).lstrip("/") for each in containers}
    for protocol in ("tcp", "udp"):
        for each in listeners(protocol, parts.get(protocol, []), groups, public, units):
            named = names.get(each.container, each.container)
            yield Listener(**{**each.__dict__, "container": named})


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
