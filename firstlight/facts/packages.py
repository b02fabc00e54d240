"""Which packages are installed and held, by dpkg or by rpm, and whether dpkg is whole."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

# A host has one package database that counts; the programs of the other one may be there too.
# rpm is asked by name first and then for what provides the name, as dnf installs it: curl is
# there where curl-minimal is, and /usr/bin/curl is a name too. Of several installed versions
# (kernels) the last one counts, which is the newest.
SCRIPT = r"""
if [ -s '/var/lib/dpkg/status' ]; then
  dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n' "$@" 2>/dev/null | sed 's/^/package /'
  ls /var/lib/dpkg/updates 2>/dev/null | grep -q . && echo interrupted
  dpkg-query -W -f '${db:Status-Status} ${db:Status-Eflag} ${db:Status-Want} ${Package}\n' 2>/dev/null | awk '
    /^(half-|unpacked|triggers-)/ || $2 == "reinstreq" {print "interrupted"}
    $3 == "hold" {print "hold " $4}'
elif command -v rpm >/dev/null 2>&1; then
  shown='%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n'
  found=$(rpm -q --qf "package installed %{NAME} $shown" "$@" 2>/dev/null | grep '^package installed ')
  [ -z "$found" ] || printf '%s\n' "$found"
  for name in "$@"; do
    case "$found" in *"package installed $name "*) continue ;; esac
    rpm -q --whatprovides --qf "$shown" "$name" 2>/dev/null | grep -v ' ' | sed "s|^|package installed $name |"
  done
  sed 's/^/lock /' /etc/dnf/plugins/versionlock.list 2>/dev/null
fi
true
"""

# "dnf versionlock add" writes name-epoch:version-release.arch, with a star for the last part.
LOCKED = re.compile(r"(?P<name>.+)-(?:\d+:)?\d[^-]*-[^-]+")


@dataclass(frozen=True)
class Packages:
    """Installed versions by package name; ``interrupted`` when dpkg was cut off half-way.

    ``holds`` are the packages that the operator keeps at their version: dpkg's holds, dnf's
    version locks (a lock that is a pattern stands as it was written). Versions of rpm are
    epoch:version-release.
    """

    versions: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False
    holds: frozenset[str] = frozenset()


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
        versions, interrupted, holds = {}, False, set()
        for line in output:
            parts = line.split()
            if parts[:2] == ["package", "installed"] and len(parts) == 4:
                versions[parts[2]] = parts[3]
            elif parts == ["interrupted"]:
                interrupted = True
            elif parts[:1] == ["hold"] and len(parts) == 2:
                holds.add(parts[1])
            elif parts[:1] == ["lock"] and len(parts) == 2 and parts[1][0] not in "#!":
                match = LOCKED.fullmatch(parts[1])
                holds.add(match["name"] if match else parts[1])
        return Packages(versions, interrupted, frozenset(holds))
