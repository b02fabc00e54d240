"""apt and dpkg, as the scripts that run on a host."""

from __future__ import annotations

from firstlight.operations.package_lock import awaiting

AWAIT = awaiting(
    "apt",
    (
        "/var/lib/dpkg/lock-frontend",
        "/var/lib/dpkg/lock",
        "/var/lib/apt/lists/lock",
        "/var/cache/apt/archives/lock",
    ),
)

# --force-confold: an operator's own change of a packaged file wins over the package's. The
# lists are fetched at most once in ten minutes, unless the sources changed or a package is not
# to be had with them. Packages of the GPU's driver whose module dkms cannot build stay half-way,
# and apt ends with an error whatever else it does: they are the GPU layer's to tell and to mend,
# and what counts here is whether the packages asked for are there.
INSTALL = r"""
set -eu; limit=$1; shift
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
run() { apt-get -q -y -o DPkg::Lock::Timeout="$limit" -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold "$@"; }
stamp=/run/firstlight/apt-updated
update() { run update; mkdir -p /run/firstlight; touch "$stamp"; }
configure() { dpkg --configure -a --force-confold; }
# A power cut while a package was being unpacked: dpkg will not touch it until it is unpacked anew.
torn() { dpkg-query -W -f '${db:Status-Eflag} ${binary:Package}\n' | sed -n 's/^reinstreq //p'; }
broken() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n '/^\(half-\|unpacked\|triggers-\)/s/.* //p'; }
only_drivers() { [ -n "$(broken)" ] && ! broken | grep -qvE '^(lib)?nvidia-|^libcuda1$|^linux-'; }
try() { run "$@" || only_drivers; }
configure || [ -n "$(torn)" ] || only_drivers
if [ -n "$(torn)" ]; then update; try install --reinstall --no-install-recommends $(torn); configure || only_drivers; fi
wanted() { run install --no-install-recommends "$@"; }
# Asked for after a refusal only: apt refuses as long as a dependency is broken, and each look costs it a second.
mend() { try -f install --no-install-recommends; }
if [ -z "$(find "$stamp" -mmin -10 2>/dev/null)" ] || [ -n "$(find /etc/apt -newer "$stamp")" ]; then
  update; wanted "$@" || { mend; try install --no-install-recommends "$@"; }
else
  wanted "$@" || { mend; update; try install --no-install-recommends "$@"; }
fi
for name in "$@"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || { echo "$name is not installed" >&2; exit 1; }
done
"""
