"""What a host's file system holds and what runs on it, as text that two moments can compare."""

from __future__ import annotations

# Left out because they change by themselves while a host only runs and is logged in to:
# kernel views and memory file systems (/proc /sys /dev /run /tmp), the journal and other logs
# (/var/log), and systemd's own clock stamp, random seed and timer stamps.
NOISE = (
    "/proc",
    "/sys",
    "/dev",
    "/run",
    "/tmp",
    "/var/tmp",
    "/var/log",
    "/var/lib/systemd/timers",
    "/var/lib/systemd/timesync",
    "/var/lib/systemd/random-seed",
    "/var/lib/private/systemd",
)

# Every directory, link and file with mode and owner; of files the content's checksum too.
TREE = (
    r"find / -xdev \( "
    + " -o ".join(f"-path {path}" for path in NOISE)
    + r" \) -prune -o -printf '%y %m %u:%g %p -> %l\n' | sort; "
    + r"find / -xdev \( "
    + " -o ".join(f"-path {path}" for path in NOISE)
    + r" \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum"
)

# What firstlight keeps on a host, file by file, and what a restart of anything would change.
# A file's time is in it: one that was written anew with the same content is a change as well.
STATE = r"""
find /etc/firstlight /etc/systemd/system /etc/nginx /etc/docker /srv/models /var/lib/firstlight \
  /usr/local/lib/firstlight /etc/apt /etc/ssh \
  ! -type d ! -path /var/lib/firstlight/run.json ! -name '*.prom.new' -printf '%p %l %m %u:%g %s %T@\n' 2>/dev/null | sort
for id in $(docker ps -aq --no-trunc 2>/dev/null | sort); do
  docker inspect -f '{{.Id}} {{.Name}} {{.State.Status}} {{.State.StartedAt}}' "$id"
done
for unit in docker nginx containerd $(cd /etc/systemd/system && ls -d firstlight-engine-*); do
  systemctl show -p Id,ActiveState,ActiveEnterTimestampMonotonic,MainPID,NRestarts "$unit" 2>/dev/null
done
# Workers of a configuration before, which end with their last stream, come to their end anyhow.
for comm in $(grep -lx nginx /proc/[0-9]*/comm 2>/dev/null | sort); do
  grep -q 'shutting down' "${comm%comm}cmdline" 2>/dev/null || echo "$comm"
done
true
"""
