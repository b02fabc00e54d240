"""A release of the edge made current: tested first, switched by one rename, seen running."""

from __future__ import annotations

from collections.abc import Callable, Generator

from pyinfra import host
from pyinfra import state as host_state
from pyinfra.api import StringCommand, operation

from firstlight import adapter
from firstlight.edge.gates import FOLDER as GATES
from firstlight.edge.release import BASE, CURRENT, RELEASES, SOCKET, Release
from firstlight.errors import FirstlightError
from firstlight.facts.edge import Edge, EdgeState
from firstlight.operations.commands import explained, failure, script
from firstlight.operations.files import Directory, File, writing
from firstlight.secret import Secret

DROP_IN = "/etc/systemd/system/nginx.service.d/firstlight.conf"
WORKERS = "www-data"
"""Group of nginx's workers, who may look into a release for what they send."""

# What nginx refuses does not stay to be taken for a release, unless it is the one that serves.
TEST = r"""
install -d -m 0710 -g "$4" "$3" || exit 1
if nginx -q -t -c "$1/nginx.conf"; then touch "$1/.complete"; sync "$1"; exit 0; fi
[ "$(readlink "$2")" = "$1" ] || rm -rf -- "$1"
exit 1
"""

# What is running is asked through the socket: a reload returns before it has taken place, and
# one that failed leaves the old release serving. Then the link goes back too.
SWITCH = r"""
set -u; new=$1; current=$2; socket=$3; old=$(readlink "$current" 2>/dev/null)
running() { curl -s -m 2 --unix-socket "$socket" http://edge/release 2>/dev/null; }
# Also one that is too busy to answer at once has streams of ours.
ours() { [ -n "$(running)" ] || grep -aqsF "$current/nginx.conf" "/proc/$(cat /run/nginx.pid 2>/dev/null)/cmdline"; }
point() { ln -sfn "$1" "$current.firstlight-new" && mv -fT "$current.firstlight-new" "$current" && sync "$(dirname "$current")"; }
# Workers of the master that runs now, and still take connections: they know the old release only.
taking() {
  master=$(cat /run/nginx.pid 2>/dev/null) || return 0
  for file in $(grep -lzx 'nginx: worker process' /proc/[0-9]*/cmdline 2>/dev/null); do
    grep -qsx "PPid:.$master" "${file%cmdline}status" && echo "$file"
  done
}
log=/var/log/nginx/error.log; said=$(wc -c <"$log" 2>/dev/null || echo 0)
before=$(taking)
point "$new"
systemctl daemon-reload; systemctl enable --quiet nginx.service
# At boot systemd sees to it; where a host may not set it, nothing else depends on it.
sysctl -q -p /etc/sysctl.d/60-firstlight-edge.conf 2>/dev/null
if ours; then systemctl reload nginx.service; else
  # The unit refuses a restart. An nginx that is not ours has no stream of ours.
  systemctl kill nginx.service 2>/dev/null
  for _ in 1 2 3 4 5 6 7 8 9; do systemctl is-active --quiet nginx.service && sleep 0.1; done
  systemctl reset-failed nginx.service 2>/dev/null; systemctl start nginx.service
fi
result=$?; name=$(basename "$new"); tries=0
while [ $result = 0 ] && [ "$(running)" != "$name" ]; do
  tries=$((tries + 1)); [ $tries -gt 50 ] && result=1; sleep 0.1
done
# A key that is new would still be unknown there, one that is revoked still known.
for file in $before; do
  while [ $result = 0 ] && grep -qszx 'nginx: worker process' "$file"; do
    tries=$((tries + 1)); [ $tries -gt 100 ] && break; sleep 0.05
  done
done
if [ $result != 0 ]; then
  journalctl -q -u nginx.service -n 8 --no-pager -o cat >&2
  tail -c "+$((said + 1))" "$log" 2>/dev/null | grep -E '\[(emerg|alert)\]' | sort -u | tail -n 5 >&2
  if [ -n "$old" ] && [ "$old" != "$new" ]; then point "$old"; systemctl reload-or-restart nginx.service; fi
  exit 1
fi
# The two before stay, to go back to; "before" goes by when each was last made current.
touch "$new"
ls -1t "$(dirname "$new")" | tail -n +4 | while read -r r; do
  [ "$(dirname "$new")/$r" = "$old" ] || rm -rf -- "$(dirname "$new")/$r"
done
"""

# Nothing is waited for but the old release's first word: what is open in the new one ends by itself.
RETURN = r"""
set -u; old=$1; current=$2; socket=$3; tries=0; touch "$old"
ln -sfn "$old" "$current.firstlight-new" && mv -fT "$current.firstlight-new" "$current" && sync "$(dirname "$current")"
systemctl reload-or-restart nginx.service
while [ "$(curl -s -m 2 --unix-socket "$socket" http://edge/release 2>/dev/null)" != "$(basename "$old")" ]; do
  tries=$((tries + 1)); [ $tries -gt 50 ] && { echo "the release before did not come back" >&2; break; }
  sleep 0.1
done
exit 1
"""

# Without the drop-in the unit can be stopped; what is open gets the time that its stop gives.
ENDED = r"""
set -e; base=$1; drop_in=$2
rm -f -- "$drop_in"; systemctl daemon-reload; systemctl disable --quiet --now nginx.service
rm -rf -- "$base"
"""


def items(release: Release) -> list[File | Directory]:
    """Return the release's folder and files: private to root, who reads them for nginx."""
    return [
        Directory(RELEASES, "750", group=WORKERS),
        Directory(release.folder, "750", group=WORKERS),
        *[
            File(f"{release.folder}/{name}", text, mode_of(name, text))
            for name, text in sorted(release.files.items())
        ],
    ]


def mode_of(name: str, text: str | Secret) -> str:
    """Return the mode of a release's file: workers send what is JSON, the rest is root's."""
    if isinstance(text, Secret):
        return "600"
    return "644" if name.endswith(".json") else "640"


@operation()
def released(
    release: Release, probe: Callable[[], None] | None = None
) -> Generator[StringCommand, None, None]:
    """
    Have nginx serve this release of the edge's configuration.

    + release: the files and their common name
    + probe: looks at it from outside, and raises FirstlightError where it must not stay
    """
    seen = host.get_fact(
        EdgeState,
        current=CURRENT,
        socket=SOCKET,
        folder=release.folder,
        digest=release.digest,
        files=tuple(sorted(release.files)),
    )
    state: Edge = seen or Edge()
    running = state.running == release.name and state.active and state.written
    if running and state.current == release.name and state.enabled and not state.reload_needed:
        host.noop(f"release {release.name} is serving")
        return
    if not state.written:
        yield writing(items(release))
        yield explained(
            script(TEST, release.folder, CURRENT, GATES, WORKERS),
            FirstlightError(
                "nginx refuses the new configuration; the running one was left as it is",
                where=host.name,
                why="nginx's own words stand above",
                fix="check the edge settings in the inventory",
            ),
        )
    yield explained(
        script(SWITCH, release.folder, CURRENT, SOCKET),
        FirstlightError(
            "nginx did not take the new configuration; the one before is current again",
            where=host.name,
            why="the unit's last words stand above",
            fix="journalctl -u nginx.service and /var/log/nginx/error.log on the host",
        ),
    )
    if probe is not None and adapter.is_executing(host_state):
        try:
            probe()
        except FirstlightError as error:
            yield returning(release, state.current, error)


def returning(release: Release, before: str, error: FirstlightError) -> StringCommand:
    """Return the command that ends with ``error``, and with the release ``before`` serving."""
    if not before or before == release.name:
        return failure(error)
    return explained(
        script(RETURN, f"{RELEASES}/{before}", CURRENT, SOCKET),
        FirstlightError(
            f"{error.what}; the one before serves again",
            where=error.where,
            why=error.why,
            fix=error.fix,
        ),
    )


@operation()
def ended() -> Generator[StringCommand, None, None]:
    """
    Have nginx serve nothing of ours any more: the host has neither an edge nor gates.
    """
    state: Edge = host.get_fact(EdgeState, current=CURRENT, socket=SOCKET) or Edge()
    if not state.current:
        host.noop("nginx serves nothing of firstlight's")
        return
    yield script(ENDED, BASE, DROP_IN)
