"""Which Debian packages are installed, and whether apt is free and whole."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

SCRIPT = r"""
dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n' "$@" 2>/dev/null | sed 's/^/package /'
ls /var/lib/dpkg/updates 2>/dev/null | grep -q . && echo interrupted
dpkg-query -W -f '${db:Status-Status} ${db:Status-Eflag}\n' 2>/dev/null | grep -qE '^(half-|unpacked|triggers-)|reinstreq' && echo interrupted
true
"""


@dataclass(frozen=True)
class Packages:
    """Installed versions by package name; ``interrupted`` when dpkg was cut off half-way."""

    versions: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False


class InstalledPackages(FactBase[Packages]):
    """Return the :class:`Packages` state for ``names``."""

    default = Packages

    @override
    def command(self, names: tuple[str, ...]) -> StringCommand:
        return StringCommand(
            "sh -c", QuoteString(SCRIPT), "packages", *[QuoteString(n) for n in names]
        )

    @override
    def process(self, output: list[str]) -> Packages:
        versions, interrupted = {}, False
        for line in output:
            parts = line.split()
            if parts[:2] == ["package", "installed"] and len(parts) == 4:
                versions[parts[2]] = parts[3]
            elif parts == ["interrupted"]:
                interrupted = True
        return Packages(versions, interrupted)
