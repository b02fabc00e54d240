"""How apt makes one transaction: shell texts, and its words for a package of a series."""

from __future__ import annotations

from firstlight.nvidia.decision import Want

# Arguments: seconds to wait for the lock, the names to hold, a module stream (dnf's only), the
# pinning packages, "--", and everything else ("name-" is removed). Holds are lifted for these
# names only: what an operator holds stays held, and is what the simulation then complains about.
# A pinning package that was removed and not purged goes on pinning: its file in /etc stays.
COMMON = r"""
set -eu; limit=$1; held=$2; shift 3
first=; while [ "$1" != -- ]; do first="$first $1"; shift; done; shift
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
run() {
  apt-get -q -y -o DPkg::Lock::Timeout="$limit" -o Acquire::Retries=3 -o APT::Sandbox::User=root \
    -o Dpkg::Options::=--force-confold --allow-downgrades --no-install-recommends "$@"
}
pins() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' '*-driver-pinning-*' 2>/dev/null | sed -n 's/^\(installed\|config-files\) //p'; }
installed() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' $1 2>/dev/null | sed -n 's/^installed //p' | tr '\n' ' '; }
"""

# The pins of the new branch are taken out of its package into a folder of their own, to be
# tried before they are installed.
SIMULATE = (
    COMMON
    + r"""
work=$(mktemp -d)
again=$(apt-mark showhold | tr '\n' ' ')
trap 'rm -rf "$work"; [ -z "$again" ] || apt-mark -qq hold $again' EXIT
run update
# A repository that answers wrongly is only a warning where its old lists are still there.
mkdir "$work/pins" "$work/debs"
cp -a /etc/apt/preferences.d/. "$work/pins/"
for p in $(pins); do for f in $(dpkg -L "$p" | grep '^/etc/apt/preferences.d/.'); do rm -f "$work/pins/${f##*/}"; done; done
if [ -n "$first" ]; then
  (cd "$work/debs" && run download $first)
  for deb in "$work"/debs/*.deb; do dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work" --wildcards './etc/apt/preferences.d*' 2>/dev/null || true; done
  [ ! -d "$work/etc/apt/preferences.d" ] || cp -a "$work/etc/apt/preferences.d/." "$work/pins/"
fi
[ -z "$(installed "$held")" ] || apt-mark -qq unhold $(installed "$held")
if ! run -s -o Dir::Etc::PreferencesParts="$work/pins" install "$@" >"$work/said" 2>&1; then
  grep -v '^\(Reading\|Building\|Inst\|Conf\|Remv\)' "$work/said" >&2
  [ -z "$again" ] || echo "held packages: $again" >&2
  exit 1
fi
"""
)

INSTALL = (
    COMMON
    + r"""
[ -z "$(installed "$held")" ] || apt-mark -qq unhold $(installed "$held")
trap 'h=$(installed "$held"); [ -z "$h" ] || apt-mark -qq hold $h' EXIT
if [ -n "$first" ]; then
  old=; for p in $(pins); do case " $first" in *" $p="*|*" $p "*|*" $p") ;; *) old="$old $p" ;; esac; done
  run install $first $(printf '%s- ' $old | sed 's/^- $//')
  [ -z "$old" ] || run purge $old
fi
run install "$@"
"""
)


def spec(want: Want) -> str:
    """Return apt's words for a package of a series; epoch and revision are the package's own."""
    if not want.series:
        return want.name
    whole = "-" in want.series or ":" in want.series
    end = "" if whole else "*" if want.series.endswith(".") else "-*"
    return f"{want.name}={want.series}{end}"
