"""Debian packages, installed on a host where something else may be using apt right now."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.facts.packages import InstalledPackages, Packages
from firstlight.operations.commands import explained, script

# apt's own DPkg::Lock::Timeout covers the dpkg lock only, not the lists' lock, and says nothing
# while it waits. /proc/locks names the holder of each, by inode: that it has this very file open
# is asked too, because a file on another disk can have the same inode.
AWAIT = r"""
set -u; limit=$1; waited=0; said=
if command -v cloud-init >/dev/null 2>&1; then timeout "$limit" cloud-init status --wait >/dev/null 2>&1; fi
while :; do
  holder=
  for f in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock; do
    [ -e "$f" ] || continue
    for pid in $(awk -v i=":$(stat -c %i "$f")" 'substr($6, length($6) - length(i) + 1) == i {print $5}' /proc/locks); do
      [ -n "$(find "/proc/$pid/fd" -lname "$(readlink -f "$f")" 2>/dev/null)" ] || continue
      holder="$(cat "/proc/$pid/comm" 2>/dev/null || echo unknown) (pid $pid) holds $f"
    done
  done
  [ -z "$holder" ] && exit 0
  if [ "$waited" -ge "$limit" ]; then echo "apt is still in use after $waited s: $holder" >&2; exit 1; fi
  [ "$said" = "$holder" ] || echo "waiting up to $limit s: $holder"
  said=$holder; sleep 1; waited=$((waited + 1))
done
"""

# --force-confold: an operator's own change of a packaged file wins over the package's. The
# lists are fetched at most once in ten minutes, unless the sources changed or a package is not
# to be had with them.
INSTALL = r"""
set -eu; limit=$1; shift
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
run() { apt-get -q -y -o DPkg::Lock::Timeout="$limit" -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold "$@"; }
stamp=/run/firstlight/apt-updated
update() { run update; mkdir -p /run/firstlight; touch "$stamp"; }
configure() { dpkg --configure -a --force-confold; }
# A power cut while a package was being unpacked: dpkg will not touch it until it is unpacked anew.
torn() { dpkg-query -W -f '${db:Status-Eflag} ${binary:Package}\n' | sed -n 's/^reinstreq //p'; }
configure || [ -n "$(torn)" ]
if [ -n "$(torn)" ]; then update; run install --reinstall --no-install-recommends $(torn); configure; fi
run -f install --no-install-recommends
if [ -z "$(find "$stamp" -mmin -10 2>/dev/null)" ] || [ -n "$(find /etc/apt -newer "$stamp")" ]; then
  update; run install --no-install-recommends "$@"
else
  run install --no-install-recommends "$@" || { update; run install --no-install-recommends "$@"; }
fi
"""


def missing(names: Sequence[str], have: Packages) -> list[str]:
    """Return those of ``names`` that are not installed."""
    return [name for name in names if name not in have.versions]


@operation()
def installed(
    names: Sequence[str], lock_timeout: int = 300
) -> Generator[StringCommand, None, None]:
    """
    Install packages; mends a dpkg that was cut off half-way first.

    + names: package names
    + lock_timeout: seconds to wait for another user of apt
    """
    have: Packages = host.get_fact(InstalledPackages, names=tuple(names)) or Packages()
    wanted = missing(names, have)
    if not wanted and not have.interrupted:
        host.noop(f"{len(names)} packages are installed")
        return
    yield explained(
        script(AWAIT, str(lock_timeout)),
        FirstlightError(
            "apt is in use by another program",
            where=host.name,
            fix="wait until it has ended and run again, or raise base.apt_lock_timeout",
        ),
    )
    yield explained(
        script(INSTALL, str(lock_timeout), *names),
        FirstlightError(
            f"packages could not be installed: {' '.join(wanted) or 'repairing dpkg'}",
            where=host.name,
            why="apt-get's own words stand above",
            fix="see that the host reaches its package mirror (apt-get update), then run again",
        ),
    )
