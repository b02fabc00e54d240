"""A host as hardening looks at it: everything that its controls touch, in one round trip."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

from firstlight.facts.files import SCRIPT as STATES
from firstlight.facts.files import PathStates
from firstlight.facts.services import UnitStates
from firstlight.hardening.found import Before, Found
from firstlight.hardening.sysctl import path

BEFORE = "/var/lib/firstlight/hardening/before"
# Arguments: the file of what was before, then keys (paths below /proc/sys) and files (globs), each
# after a word of its own. A value is read by grep in one piece: these files give a reader of single
# letters only the first one. What cannot be written is not this host's to set. Of the folders in
# /home only homes of accounts of its own on disks of its own are looked at: those of a file server
# are other machines' too (and one that does not answer would hold up the run, so its mounts are
# asked about, and not the folders).
SCRIPT = r"""
before=$1; shift
printf 'container=%s\n' "$(systemd-detect-virt --container 2>/dev/null)"
ip -o address show scope global 2>/dev/null | awk '{print "interface=" $2}'
{ ip -4 route show default; ip -6 route show default; } 2>/dev/null |
  sed -n 's/.*\bdev \([^ ]*\).*/interface=\1/p'
homes() {
  awk -v real="$(readlink -f /home)" '
    NR == FNR { gsub("\\\\040", " ", $2); type[$2] = $3; how[$2] = $4; next }
    { if (split($0, word, ":") < 6 || word[6] !~ "^/home/[^/]+$" || word[6] in done) next
      done[home = word[6]]; at = real substr(home, 6)
      while (at != "" && !(at in type)) sub("/[^/]*$", "", at)
      if (at == "") at = "/"
      own = "^(ext[234]|xfs|btrfs|zfs|f2fs|jfs|bcachefs|reiserfs|overlay|tmpfs|ecryptfs)$"
      if (type[at] ~ own && ("," how[at] ",") !~ ",ro,") print home
    }' /proc/mounts /etc/passwd | while IFS= read -r f; do [ ! -e "$f" ] || printf '%s\0' "$f"; done
}
named() {
  for each in "$@"; do
    case $each in sysctl:|mode:) kind=$each; continue ;; esac
    [ "$kind" = "$want" ] || continue
    case $kind$each in
      'mode:/home/*') homes ;;
      sysctl:*) for f in /proc/sys/$each; do [ ! -w "$f" ] || printf '%s\0' "$f"; done ;;
      mode:*) for f in $each; do [ ! -e "$f" ] || printf '%s\0' "$f"; done ;;
    esac
  done
}
want=sysctl:; named "$@" | xargs -0 -r grep -sHm1 '' | sed 's|^/proc/sys/|sysctl=|'
want=mode:; named "$@" | xargs -0 -r stat -c 'mode=%f %n' --
sed 's/^/loaded=/; s/ .*//' /proc/modules 2>/dev/null
grep -sH '^ *-\{0,1\}[a-z]' /etc/sysctl.conf /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf | sed 's/^/said=/'
grep -sqi '^ENABLED=yes' /etc/ufw/ufw.conf && grep -sH '^ *[a-z]' /etc/ufw/sysctl.conf | sed 's/^/said=/'
log=/var/log/journal; [ -d "$log" ] || log=/var/log
stat -f -c 'disk=%S %b' "$log"
printf 'apparmor=%s\n' "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)"
grep -sq '^docker-default ' /sys/kernel/security/apparmor/profiles && echo profile=docker-default
sed 's/^/before=/' "$before" 2>/dev/null
echo read=yes
"""
UNITS = "systemctl show -p Id,ActiveState,UnitFileState"


class HardeningState(FactBase[Found]):
    """Return what the host :class:`Found` of kernel parameters, modes, modules, files, units."""

    default = Found

    @override
    def command(
        self,
        keys: tuple[str, ...],
        modes: tuple[str, ...],
        paths: tuple[str, ...],
        units: tuple[str, ...],
    ) -> StringCommand:
        words = [BEFORE, "sysctl:", *keys, "mode:", *modes]
        told = [QuoteString(word) for word in words]
        return StringCommand(
            *("sh -c", QuoteString(SCRIPT.strip()), "hardening", *told),
            *("; sh -c", QuoteString(STATES), "paths", *map(QuoteString, paths)),
            *(";", UNITS, *map(QuoteString, units), "| grep = || true"),
        )

    @override
    def process(self, output: list[str]) -> Found:
        told: dict[str, list[str]] = {}
        for line in output:
            key, _, value = line.partition("=")
            told.setdefault(key, []).append(value)
        unit_lines = [each for each in output if re.match("(Id|ActiveState|UnitFileState)=", each)]
        states = [each for each in output if each.split(" ", 1)[0] in _KINDS]
        container = told.get("container", [""])[0]
        return Found(
            container="" if container == "none" else container,
            # "eth0@if3" is what the address list calls one end of a pair.
            interfaces=frozenset(each.partition("@")[0] for each in told.get("interface", [])),
            sysctl=dict(each.split(":", 1) for each in told.get("sysctl", [])),
            said=tuple(_said(told.get("said", []))),
            modes=dict(_modes(told.get("mode", []))),
            loaded=frozenset(told.get("loaded", [])),
            paths=PathStates().process(states),
            units=UnitStates().process(unit_lines),
            disk=_size(told.get("disk", [])),
            apparmor=told.get("apparmor") == ["Y"],
            docker_profile="profile" in told,
            before=_before(told.get("before", [])),
            read="read" in told,
        )


_KINDS = frozenset({"file", "directory", "link", "other"})


def _said(lines: Iterable[str]) -> Iterable[tuple[str, str, str]]:
    for line in lines:
        file, _, rest = line.partition(":")
        key, equals, value = rest.strip().removeprefix("-").partition("=")
        if equals:
            yield file, path(key.strip()), value.strip()


def _modes(lines: Iterable[str]) -> Iterable[tuple[str, int]]:
    for line in lines:
        raw, _, name = line.partition(" ")
        mode = int(raw, 16)
        if mode >> 12 in (0o4, 0o10):  # folders and files: a link's own mode says nothing
            yield name, mode & 0o7777


def _size(words: list[str]) -> int:
    block, _, blocks = (words or ["0 0"])[0].partition(" ")
    return int(block) * int(blocks)


def _before(lines: Iterable[str]) -> Before:
    kinds: dict[str, Any] = {"sysctl": {}, "mode": {}, "unit": []}
    for line in lines:
        kind, _, rest = line.partition(" ")
        first, _, second = rest.partition(" ")
        if kind == "sysctl":
            kinds[kind][first] = second
        elif kind == "mode":
            kinds[kind][second] = first
        elif kind == "unit":
            kinds[kind].append(first)
    return Before(kinds["sysctl"], kinds["mode"], tuple(kinds["unit"]))
