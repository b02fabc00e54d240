"""Kernel parameters: which value each shall have here, which differ, and who else sets them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from shlex import quote

from firstlight.catalogue.controls import Control
from firstlight.hardening.found import Found

KERNEL = "/etc/sysctl.d/zz-firstlight-kernel.conf"
NETWORK = "/etc/sysctl.d/zz-firstlight-network.conf"
"""After every 99-….conf: a file that is read later wins, and these are meant to."""
REFUSED = "refused: "
"""What a line begins with that says what a host did not let us set (sudo says things too)."""
_NET = ("net/ipv4/", "net/ipv6/")  # what a network namespace has of its own
# What comes in by one interface and is answered by another would be dropped by the strict form.
_DECIDED = "net/ipv4/conf/*/rp_filter"
_LOOSE = "2"


@dataclass(frozen=True)
class Parameter:
    """A parameter as it shall be: ``key`` is its path below /proc/sys, perhaps with a star."""

    control: str
    key: str
    value: str
    least: int | None = None

    def is_right(self, value: str) -> bool:
        """Whether ``value`` may stay: the same, or where ``least`` counts, one no smaller."""
        if value.split() == self.value.split():
            return True
        number = value.strip()
        return self.least is not None and number.isdecimal() and int(number) >= self.least

    @property
    def network(self) -> bool:
        """Whether it belongs to a network namespace rather than to the kernel."""
        return self.key.startswith(_NET)

    def is_for(self, key: str) -> bool:
        """Whether ``key``, which has no star, is meant."""
        return _pattern(self.key).fullmatch(key) is not None


def _pattern(key: str) -> re.Pattern[str]:
    return re.compile(re.escape(key).replace(r"\*", "[^/]+"))


def path(key: str) -> str:
    """A parameter's path below /proc/sys: ``net.ipv4.ip_forward`` is ``net/ipv4/ip_forward``.

    As sysctl.d(5) has it: the first separator says which one it is, the other one is a letter.
    """
    first = re.search(r"[./]", key)
    return key.translate(str.maketrans("./", "/.")) if first and first[0] == "." else key


def parameters(controls: Iterable[Control], found: Found) -> list[Parameter]:
    """The parameters that ``controls`` want on this host: those that it has and may set."""
    wanted = [
        _stricter(Parameter(control.id, path(key), value, control.least.get(key)), found)
        for control in controls
        for key, value in control.sysctl.items()
    ]
    decided = [
        Parameter(each.control, each.key, _LOOSE)
        if each.key == _DECIDED and found.ways_out > 1
        else each
        for each in wanted
    ]
    possible = [each for each in decided if each.network or not found.container]
    return [each for each in possible if any(each.is_for(key) for key in found.sysctl)]


def _stricter(wanted: Parameter, found: Found) -> Parameter:
    """``wanted``, or the value that the host has already where that is no weaker: it stays."""
    now = found.sysctl.get(wanted.key, "")
    return replace(wanted, value=now) if wanted.is_right(now) else wanted


def differing(wanted: Iterable[Parameter], found: Found) -> Iterator[Parameter]:
    """Each parameter, by its full name, whose value is another one now."""
    for each in wanted:
        for key, value in found.sysctl.items():
            if each.is_for(key) and not each.is_right(value):
                yield Parameter(each.control, key, each.value)


def text(wanted: Iterable[Parameter]) -> str:
    """The file that sets ``wanted`` at boot; "" where there are none."""
    lines: list[str] = []
    for each in wanted:
        if (note := f"# {each.control}") not in lines:
            lines.append(note)
        # Another file may take "all" out of what a star stands for; named, they are set.
        names = ("all", "default", "*") if "*" in each.key else ("",)
        key = each.key.replace("/", ".")
        lines += [f"{key.replace('*', name)} = {each.value}" for name in names]
    if not lines:
        return ""
    head = "# Written by firstlight: after each control's id what it sets (docs/hardening.md)."
    return "\n".join([head, *lines, ""])


def setting(values: Mapping[str, str]) -> str:
    """POSIX shell that gives parameters these values now; an interface may be gone meanwhile."""
    lines = [
        f"[ ! -e {where} ] || printf '%s\\n' {quote(value)} >{where}"
        for key, value in sorted(values.items())
        for where in [quote(f"/proc/sys/{key}")]
    ]
    return "\n".join(["set -e", *lines])


def attempting(values: Mapping[str, str]) -> str:
    """POSIX shell like :func:`setting` that goes on, and says what the kernel does not take."""
    return "\n".join(
        f"[ ! -e {where} ] || {{ printf '%s\\n' {quote(value)} >{where}; }} 2>/dev/null ||"
        f" echo {quote(f'{REFUSED}{name} stays as it is, not {value}')}"
        for key, value in sorted(values.items())
        for where, name in [(quote(f"/proc/sys/{key}"), key.replace("/", "."))]
    )


def others(wanted: Iterable[Parameter], found: Found) -> Iterator[str]:
    """What other files say about the same parameters, in one line each."""
    ours = (KERNEL, NETWORK)
    for file, key, value in found.said:
        for each in wanted:
            same = each.is_for(key) or each.key == key or _pattern(key).fullmatch(each.key)
            if file in ours or not same or each.is_right(value):
                continue
            name = key.replace("/", ".")
            yield f"{file} says {name} = {value}: {_who_wins(file, each)}"


def _who_wins(file: str, ours: Parameter) -> str:
    """ufw sets its own when it starts, which is after the boot has set all others."""
    mine = NETWORK if ours.network else KERNEL
    later = file.startswith("/etc/ufw/") or file.rsplit("/", 1)[1] > mine.rsplit("/", 1)[1]
    if later and file != "/etc/sysctl.conf":
        return (
            f"it is read after {mine} and wins at the next boot; change it there, or switch "
            f"{ours.control} off"
        )
    return f"{ours.control} sets {ours.value}; where that file is right, switch the control off"
