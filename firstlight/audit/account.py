"""Accounts of a host, and which of them are as good as root without a password."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# Their members start programs as root, through a daemon of root's or at the disk itself.
ROOTED = ("docker", "lxd", "incus-admin", "libvirt", "disk")
_NO_SHELL = ("nologin", "false", "sync", "shutdown", "halt")


@dataclass(frozen=True)
class Account:
    """One line of /etc/passwd, without what is private in it."""

    name: str
    number: int
    group: int
    shell: str

    @property
    def logs_in(self) -> bool:
        """Whether it has a shell to log in with; none means /bin/sh."""
        return self.shell.rpartition("/")[2] not in _NO_SHELL


def accounts(lines: Iterable[str]) -> tuple[Account, ...]:
    """Return the accounts in lines as ``number group name shell``."""
    rows = [line.split(" ", 3) for line in lines]
    return tuple(
        Account(row[2], int(row[0]), int(row[1]), row[3].strip() if len(row) > 3 else "")
        for row in rows
        if len(row) >= 3 and row[0].isdecimal() and row[1].isdecimal()
    )


def by_sudo(lines: Iterable[str], known: Sequence[Account]) -> Iterator[tuple[str, str]]:
    """Yield (who, line) of the lines of sudoers by which nobody is asked for a password."""
    names = {f"#{each.number}": each.name for each in known}
    for line in lines:
        who, _, rest = line.partition(" ")
        if who.startswith("Defaults"):
            asks_nothing = "!authenticate" in rest.replace("! ", "!")
            who = (who.partition(":")[2] or "everybody in sudoers") if asks_nothing else ""
        for name in filter(None, who.split(",")):
            yield names.get(name, name), line


def by_group(lines: Iterable[str], known: Sequence[Account]) -> Iterator[tuple[str, str]]:
    """Yield (who, group) of the members of groups, in lines of group(5), that lead to root."""
    for line in lines:
        group, _, number, members = (*line.split(":"), "", "", "")[:4]
        first = [each.name for each in known if str(each.group) == number]
        for name in dict.fromkeys((*filter(None, members.split(",")), *first)):
            yield name, group
