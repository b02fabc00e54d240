"""dnf and rpm, as the scripts that run on a host: dnf 4, as RHEL 9 and 10 have it."""

from __future__ import annotations

from firstlight.operations.package_lock import awaiting

# rpm's database stands in /usr/lib/sysimage since RHEL 10.
AWAIT = awaiting(
    "dnf",
    ("/var/lib/rpm/.rpm.lock", "/usr/lib/sysimage/rpm/.rpm.lock"),
    (
        "/var/lib/dnf/rpmdb_lock.pid",
        "/var/cache/dnf/metadata_lock.pid",
        "/var/cache/dnf/download_lock.pid",
    ),
)

# dnf's own way of waiting for a lock has no end: it is told to give up, which it says by 200.
# The metadata are fetched at most once in ten minutes, unless the repositories changed or a
# package is not to be had with what is there.
INSTALL = r"""
set -eu; limit=$1; shift; waited=0; export LC_ALL=C.UTF-8
run() {
  while :; do
    rc=0; dnf -y --setopt=install_weak_deps=False --setopt=exit_on_lock=True "$@" || rc=$?
    [ "$rc" -eq 200 ] && [ "$waited" -lt "$limit" ] || return "$rc"
    sleep 2; waited=$((waited + 2))
  done
}
# More modules are wanted for the kernel that runs: the plain name would bring a newer kernel.
for name in "$@"; do
  shift; [ "$name" != kernel-modules-extra ] || name="$name-$(uname -r)"; set -- "$@" "$name"
done
stamp=/run/firstlight/dnf-updated
update() { run --refresh makecache; mkdir -p /run/firstlight; touch "$stamp"; }
if [ -z "$(find "$stamp" -mmin -10 2>/dev/null)" ] || [ -n "$(find /etc/yum.repos.d /etc/dnf -newer "$stamp" 2>/dev/null)" ]; then
  update; run install "$@"
else
  run install "$@" || { update; run install "$@"; }
fi
"""
