"""Whoever else uses the package manager: waited for, and named, so that no wait is silent."""

from __future__ import annotations

# What the managers can do themselves is not enough: apt's DPkg::Lock::Timeout covers the dpkg
# lock only, not the lists' lock, and dnf waits without an end. /proc/locks names the holder of a
# lock file, by inode: that it has this very file open is asked too, because a file on another
# disk can have the same inode. A pid file of dnf counts while its process lives, as it does for
# dnf itself.
TEXT = r"""
set -u; limit=$1; waited=0; said=
if command -v cloud-init >/dev/null 2>&1; then timeout "$limit" cloud-init status --wait >/dev/null 2>&1; fi
named() { echo "$(cat "/proc/$1/comm" 2>/dev/null || echo unknown) (pid $1) holds $2"; }
while :; do
  holder=
  for f in LOCK_FILES; do
    [ -e "$f" ] || continue
    for pid in $(awk -v i=":$(stat -c %i "$f")" 'substr($6, length($6) - length(i) + 1) == i {print $5}' /proc/locks); do
      [ -n "$(find "/proc/$pid/fd" -lname "$(readlink -f "$f")" 2>/dev/null)" ] || continue
      holder=$(named "$pid" "$f")
    done
  done
  for f in PID_FILES; do
    pid=$(cat "$f" 2>/dev/null) && [ -n "$pid" ] && [ -e "/proc/$pid/stat" ] && holder=$(named "$pid" "$f")
  done
  [ -z "$holder" ] && exit 0
  if [ "$waited" -ge "$limit" ]; then echo "MANAGER is still in use after $waited s: $holder" >&2; exit 1; fi
  [ "$said" = "$holder" ] || echo "waiting up to $limit s: $holder"
  said=$holder; sleep 1; waited=$((waited + 1))
done
"""


def awaiting(manager: str, lock_files: tuple[str, ...], pid_files: tuple[str, ...] = ()) -> str:
    """Return the script that waits until nobody uses ``manager``; ``$1`` is the limit in seconds.

    It fails after that time and names who holds what.
    """
    text = TEXT.replace("MANAGER", manager)
    return text.replace("LOCK_FILES", " ".join(lock_files)).replace(
        "PID_FILES", " ".join(pid_files)
    )
