"""A host as it is, line by line, for a comparison; and somebody who logs in to it all the while."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from types import TracebackType

from firstlight.lab import ssh
from tests.lab.rack import TestRack

# Everything that firstlight's roles, and the packages they bring, touch on some host.
TREE = r"""
export LC_ALL=C
ss -Htuln | awk '{print "socket " $1 " " $5}'
systemctl list-unit-files --no-legend --no-pager --plain | awk '{print "unit " $1 " " $2}'
systemctl list-units --all --no-legend --no-pager --plain --type=service,socket,timer,path \
  --state=active,failed | awk '{print $3 " " $1}'
dpkg-query -W -f 'package ${binary:Package} ${db:Status-Abbrev} ${Version}\n'
apt-mark showauto | sed 's/^/auto /'; apt-mark showhold | sed 's/^/hold /'
getent passwd | sed 's/^/user /'; getent group | sed 's/^/group /'
ls /sys/class/net | sed 's/^/interface /'
! command -v nft >/dev/null || nft list ruleset | sed 's/^/nft /'
if systemctl is-active --quiet docker.service; then
  docker ps -a --format 'docker container {{.Names}}'; docker volume ls --format 'docker volume {{.Name}}'
  docker network ls --format 'docker network {{.Name}}'; docker image ls -q | sed 's/^/docker image /'
fi
find /proc/sys/fs /proc/sys/kernel /proc/sys/net /proc/sys/vm -type f -exec grep -sH '' {} + | sed 's/^/sysctl /'
crontab -l 2>/dev/null | sed 's/^/cron /'
find /etc /usr/local /usr/lib/systemd /var/lib /var/spool /srv /opt /root /home -xdev \
  '(' -path /var/lib/apt/lists -o -path '/var/lib/dpkg' -o -path /var/lib/docker ')' -prune -o \
  '(' -type f -exec sha256sum {} + -o -type d -printf 'directory %p %m %u:%g\n' -o \
  -type f -printf 'mode %p %m %u:%g\n' -o -type l -printf 'link %p %l\n' ')' | sed -E 's/^([0-9a-f]{64})  (.*)/file \2 \1/'
find /etc /usr/local /srv -xdev -type f -printf 'mode %p %m %u:%g\n'
ls -d /var/log/*/ /run/firstlight* 2>/dev/null | sed 's/^/directory /'; true
"""

# What is otherwise all the same, and why that is right.
STAYS = {
    r"file /etc/(passwd|group|shadow|gshadow|subuid|subgid)- ": "the copy of before the last account",
    r"file /etc/ld\.so\.cache ": "made anew with every library that comes or goes",
    r"(file|mode|directory) /var/lib/ucf/": "how often ucf was called: copies of its own list",
    r"file /var/lib/apt/extended_states ": "apt's own list; what it says is compared: auto",
    r"file /var/lib/systemd/(timers/stamp-|random-seed|timesync/clock)": "when something last ran",
    r"active (apt-daily|apt-daily-upgrade|dpkg-db-backup|e2scrub_all)\.service": "a timer's moment",
    r"active (user@|user-runtime-dir@)": "who is logged in",
    r"sysctl /proc/sys/(fs/(aio-nr|dentry-state|file-nr|inode-nr|inode-state|quota/)|kernel/random/"
    r"|kernel/(ns_last_pid|perf_event_max_sample_rate|pty/nr|tainted)"
    r"|net/netfilter/nf_conntrack_count)": "counts and measurements, no settings",
}
STAYS_RE = re.compile("|".join(f"(?:{each})" for each in STAYS))
LOGIN_SECONDS = 30


def tree(rack: TestRack, host: str) -> set[str]:
    """Return the host as it is; what stays for a reason is left out."""
    lines = rack.sh(host, TREE, timeout=180).out.splitlines()
    return {line for line in lines if not STAYS_RE.match(line)}


def came(after: set[str], before: set[str]) -> list[str]:
    """Return what is there after and was not before.

    Kernel parameters that are new are of modules: once in the kernel they stay until a reboot.
    """
    keys = {line.partition(":")[0] for line in before}
    new = after - before
    return sorted(x for x in new if not x.startswith("sysctl ") or x.partition(":")[0] in keys)


def of_kind(lines: set[str], *kinds: str) -> list[str]:
    """Return the lines that begin with one of these words."""
    return sorted(line for line in lines if line.split(" ")[0] in kinds)


class Visitor:
    """Logs in to a host over a new connection, again and again; counts when that failed."""

    def __init__(self, rack: TestRack, host: str) -> None:
        self._words = ssh.command_line(rack.state, host, ["true"])
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.came, self.refused = 0, 0

    def _logs_in(self) -> bool:
        try:
            done = subprocess.run(
                self._words, capture_output=True, timeout=LOGIN_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def _run(self) -> None:
        while not self._end.wait(1):
            came = self._logs_in()
            if not came:
                # sshd reads its files anew by starting itself anew: for a moment nobody listens.
                time.sleep(0.5)
                came = self._logs_in()
            if came:
                self.came += 1
            else:
                self.refused += 1

    def __enter__(self) -> Visitor:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join(3 * LOGIN_SECONDS)
