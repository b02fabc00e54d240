"""How apt makes one transaction: shell texts, and its words for a package of a series."""

from __future__ import annotations

from firstlight.nvidia.decision import Want

# Arguments: seconds to wait for the lock, the names to hold, a module stream (dnf's only),
# the pinning packages, "--", and everything else ("name-" is removed). Holds are
# lifted only where they are ours, which OURS says, and put back: what an operator holds stays
# held, and is what the simulation then complains about.
# A pinning package that was removed and not purged goes on pinning: its file in /etc stays.
OURS = "/var/lib/firstlight/gpu/held"
COMMON = (
    rf"""
set -eu; limit=$1; held=$2; shift 3; ours={OURS}
"""
    + r"""
first=; while [ "$1" != -- ]; do first="$first $1"; shift; done; shift
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
run() {
  apt-get -q -y -o DPkg::Lock::Timeout="$limit" -o Acquire::Retries=3 -o APT::Sandbox::User=root \
    -o Dpkg::Options::=--force-confold --allow-downgrades --no-install-recommends "$@"
}
in_state() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' $2 2>/dev/null | sed -n "s/^\($1\) //p" | tr '\n' ' '; }
pins() { in_state 'installed\|config-files' '*-driver-pinning-*'; }
again=
lift() {
  for p in $(apt-mark showhold); do
    grep -qxF "$p" "$ours" 2>/dev/null || continue
    again="$again $p"; apt-mark -qq unhold "$p"
  done
}
"""
)

# What a power cut or a module that cannot be built has left half-way: finished as far as it goes.
MEND = (
    COMMON
    + r"""
dpkg --configure -a --force-confold || true
torn=$(dpkg-query -W -f '${db:Status-Eflag} ${binary:Package}\n' | sed -n 's/^reinstreq //p')
[ -z "$torn" ] || { run update; run install --reinstall $torn; } || true
"""
)

# The pins of the new branch are taken out of its package into a folder of their own, to be
# tried before they are installed.
SIMULATE = (
    COMMON
    + r"""
work=$(mktemp -d)
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
lift
if ! run -s -o Dir::Etc::PreferencesParts="$work/pins" install "$@" >"$work/said" 2>&1; then
  grep -v '^\(Reading\|Building\|Inst\|Conf\|Remv\)' "$work/said" >&2
  echo "held by others:" $(apt-mark showhold) >&2
  exit 1
fi
"""
)

# dpkg ends with an error where dkms cannot build the module; the packages are there all the same,
# and what is missing then is said, with the compiler's words, by who looks at the modules.
INSTALL = (
    COMMON
    + r"""
hold() {
  now=$(in_state 'installed\|half-configured\|unpacked\|triggers-[a-z]*' "$held $again"); mkdir -p "${ours%/*}"
  { cat "$ours" 2>/dev/null || true; printf '%s\n' $now; } | sort -u | sed '/^$/d' >"$ours.new"; mv -f "$ours.new" "$ours"
  [ -z "$now" ] || apt-mark -qq hold $now
}
lift
trap hold EXIT
if [ -n "$first" ]; then
  old=; for p in $(pins); do case " $first" in *" $p="*|*" $p "*|*" $p") ;; *) old="$old $p" ;; esac; done
  run install $first $(printf '%s- ' $old | sed 's/^- $//')
  [ -z "$old" ] || run purge $old
fi
run install "$@" || {
  code=$?
  half=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n '/^\(half-configured\|triggers-\|unpacked\)/s/.* //p')
  printf '%s\n' "$half" | grep -q dkms || exit $code
  for p in $held; do case " $(in_state 'installed\|half-configured\|unpacked\|triggers-[a-z]*' "$p")" in *" $p "*) ;; *) exit $code ;; esac; done
  echo "left half-way:" $half
}
"""
)


def spec(want: Want) -> str:
    """Return apt's words for a package of a series; epoch and revision are the package's own."""
    if not want.series:
        return want.name
    whole = "-" in want.series or ":" in want.series
    end = "" if whole else "*" if want.series.endswith(".") else "-*"
    return f"{want.name}={want.series}{end}"
