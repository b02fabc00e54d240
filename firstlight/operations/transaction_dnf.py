"""How dnf makes one transaction: shell texts, and its words for a package of a series."""

from __future__ import annotations

from firstlight.nvidia.decision import Want

# Arguments: as for apt; a word with a leading dash is removed. Nobody else uses dnf: that has
# been waited for, and who comes in between is told by dnf itself.
COMMON = r"""
set -eu; held=$2; stream=$3; shift 3
first=; while [ "$1" != -- ]; do first="$first $1"; shift; done; shift
add=; remove=; for word in "$@"; do case $word in -*) remove="$remove ${word#-}" ;; *) add="$add $word" ;; esac; done
run() { dnf -q -y --setopt=install_weak_deps=False --setopt=exit_on_lock=True "$@"; }
locks() { dnf -q versionlock "$@" >/dev/null; }
"""

# rpm's own test of the whole transaction: packages are fetched, none is changed. Locks are lifted
# for it (a locked package can take part in no transaction), and put back when it ends. What
# goes first is installed: it brings the repository that the test needs.
SIMULATE = (
    COMMON
    + r"""
run install 'dnf-command(versionlock)'
list=/etc/dnf/plugins/versionlock.list; kept=$(mktemp)
cat "$list" >"$kept" 2>/dev/null || true
trap '[ ! -s "$kept" ] || cat "$kept" >"$list"; rm -f "$kept"' EXIT
for name in $held; do locks delete "$name" 2>/dev/null || true; done
[ -z "$stream" ] || { run module reset "${stream%%:*}"; run module enable "$stream"; }
[ -z "$first" ] || run install $first
run install --setopt=tsflags=test --allowerasing $add
"""
)

# Locked before anything else could move them: versionlock knows only what is installed.
INSTALL = (
    COMMON
    + r"""
for name in $held; do locks delete "$name" 2>/dev/null || true; done
trap 'for name in $held; do rpm -q --quiet "$name" && locks add "$name"; done' EXIT
run install --allowerasing $add
[ -z "$remove" ] || run remove $remove
"""
)


# rpm keeps nothing half-way that could be finished.
MEND = "true"


def spec(want: Want) -> str:
    """Return dnf's words for a package of a series; epoch and release are the package's own."""
    if not want.series:
        return want.name
    end = "" if "-" in want.series else "*" if want.series.endswith(".") else "-*"
    return f"{want.name}-{want.series}{end}"
