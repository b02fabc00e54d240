"""What a host runs to test, to switch and to take back a release of its nginx: POSIX shell."""

from __future__ import annotations

# What nginx refuses does not stay to be taken for a release, unless it is the one that serves.
TEST = r"""
install -d -m 0710 -g "$4" "$3" || exit 1
if nginx -q -t -c "$1/nginx.conf"; then touch "$1/.complete"; sync "$1"; exit 0; fi
[ "$(readlink "$2")" = "$1" ] || rm -rf -- "$1"
exit 1
"""

# Two runs switch one after the other: in between, each would wait for its own release to run, and
# take the other's away. What was current before the last switch is kept until the next boot: a run
# that has to go back goes there, and only while nobody else has switched after it. Nobody but root
# may open the lock: whoever can read it could hold it.
ALONE = r"""
set -u; umask 077; new=$1; current=$2; socket=$3; busy=$4; others=$5; back=/run/firstlight/edge-before
fail() { printf '%s\n' "$1" >&2; exit 1; }
running() { curl -s -m 2 --unix-socket "$socket" http://edge/release 2>/dev/null; }
point() { ln -sfn "$1" "$current.firstlight-new" && mv -fT "$current.firstlight-new" "$current" && sync "$(dirname "$current")"; }
still_ours() { [ "$(readlink "$current" 2>/dev/null)" = "$new" ]; }
not_ours() { echo "$current is $(readlink "$current" 2>/dev/null || echo gone), and not $new" >&2; fail "$others"; }
mkdir -p /run/firstlight; exec 9>/run/firstlight/edge.lock
flock -w 120 9 || fail "$busy"
"""

# What is running is asked through the socket: a reload returns before it has taken place, and
# one that failed leaves the old release serving. Then the link goes back too.
SWITCH = (
    ALONE
    + r"""
refused=$6; mine=$7; old=$(readlink "$current" 2>/dev/null)
# Runs that switched since it was written may have cleared it away.
[ -e "$new/.complete" ] || not_ours
# Also one that is too busy to answer at once has streams of ours.
ours() { [ -n "$(running)" ] || grep -aqsF "$current/nginx.conf" "/proc/$(cat /run/nginx.pid 2>/dev/null)/cmdline"; }
# Workers of the master that runs now, and still take connections: they know the old release only.
taking() {
  master=$(cat /run/nginx.pid 2>/dev/null) || return 0
  for file in $(grep -lzx 'nginx: worker process' /proc/[0-9]*/cmdline 2>/dev/null); do
    grep -qsx "PPid:.$master" "${file%cmdline}status" && echo "$file"
  done
}
log=/var/log/nginx/error.log; said=$(wc -c <"$log" 2>/dev/null || echo 0)
before=$(taking)
point "$new" || still_ours || fail "$refused"
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
  tries=$((tries + 1)); [ $tries -gt 50 ] && result=1; still_ours || result=1; sleep 0.1
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
  still_ours || not_ours
  if [ -n "$old" ] && [ "$old" != "$new" ]; then point "$old"; systemctl reload-or-restart nginx.service; fi
  fail "$refused"
fi
# What this run itself switched to a moment ago is nothing to go back to, nor is the same release.
last=; first=; read -r last first 2>/dev/null <"$back"
case $old in "$new"|"$mine") same=$old;; *) same=;; esac
if [ -n "$same" ] && [ "$last" = "$same" ]; then was=$first; else was=$old; fi
echo "$new $was" >"$back"
# The two before stay, to go back to; "before" goes by when each was last made current.
touch "$new"
ls -1t "$(dirname "$new")" | tail -n +4 | while read -r r; do
  r=$(dirname "$new")/$r; [ "$r" = "$old" ] || [ "$r" = "$was" ] || rm -rf -- "$r"
done
"""
)

# Nothing is waited for but the old release's first word: what is open in the new one ends by itself.
RETURN = (
    ALONE
    + r"""
returned=$6; alone=$7; tries=0; last=; was=
still_ours || not_ours
read -r last was 2>/dev/null <"$back"
[ "$last" = "$new" ] && [ "$was" != "$new" ] && [ -e "$was/nginx.conf" ] || fail "$alone"
touch "$was"; point "$was"; echo "$was $was" >"$back"
systemctl reload-or-restart nginx.service
while [ "$(running)" != "$(basename "$was")" ]; do
  tries=$((tries + 1)); [ $tries -gt 50 ] && { echo "the release before did not come back" >&2; fail "$alone"; }
  sleep 0.1
done
fail "$returned"
"""
)

# Without the drop-in the unit can be stopped; what is open gets the time that its stop gives.
ENDED = r"""
set -e; base=$1; drop_in=$2
rm -f -- "$drop_in"; systemctl daemon-reload; systemctl disable --quiet --now nginx.service
rm -rf -- "$base"
"""
