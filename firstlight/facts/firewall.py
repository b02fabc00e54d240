"""The firewall as it is loaded: what differs from what was written, and whether it comes back."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

SCRIPT = r"""
python=$1 program=$2; shift 2
# Of a change that is being tried nobody knows yet whether it stays.
n=0; while [ -e /var/lib/firstlight/trials/firewall/armed ] && [ $n -lt 90 ]; do sleep 1; n=$((n + 1)); done
for unit; do
  systemctl is-enabled --quiet "$unit" 2>/dev/null || echo "down=$unit is not enabled"
  case $unit in *.timer) systemctl is-active --quiet "$unit" || echo "down=$unit is not active" ;; esac
done
[ -e /etc/firstlight/firewall ] && echo kept=yes
if command -v nft >/dev/null 2>&1 && nft list table inet firstlight >/dev/null 2>&1; then echo loaded=yes
# What is reached until there is a table: whoever relies on it has to hear that it will not be.
else ss -Htulnp 2>/dev/null | awk '$5 !~ /^(127\.|\[::1\]|\[::ffff:127\.)/ && $5 !~ /%lo:/ {
  p = "unknown"; if (match($0, /users:\(\("[^"]+"/)) p = substr($0, RSTART + 9, RLENGTH - 10);
  n = $5; sub(/.*:/, "", n); print "reached=" $1 " " n " " p }' | sort -u
command -v docker >/dev/null 2>&1 && timeout 20 docker ps --format 'container={{.Names}} {{.Networks}}' 2>/dev/null | grep -v '^container=firstlight-' | grep -v ' \(none\|host\)$'
ss -Htnp state established 2>/dev/null | awk '/"sshd/ { a = $4; sub(/:[0-9]+$/, "", a); gsub(/[][]/, "", a); sub(/^::ffff:/, "", a); sub(/%.*/, "", a); print "session=" a }' | sort -u
fi
if [ -f "$program" ]; then
  "$python" -I "$program" state 2>&1 | sed '/^$/d; s/^/differs=/'
else echo "down=$program is not there"; fi
# ufw's unit is not active where ufw was switched on by hand: its own file says it.
grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf && echo foreign=ufw
systemctl is-active --quiet firewalld.service 2>/dev/null && echo foreign=firewalld
true
"""


@dataclass(frozen=True)
class Firewall:
    """What is loaded, and what has it come back.

    ``loaded``: the table is there; ``kept``: its rules stand on the disk. ``differs`` is what is
    loaded and was not written, or the other way round; ``down`` is what is missing to have it back
    after a reboot or a flush; ``foreign`` are others' firewalls that are active. Without a table
    ``reached`` are the ports that listen to the outside (protocol, number, program), ``containers``
    those of others that have a network, ``sessions`` the addresses of who is logged in by SSH.
    """

    loaded: bool = False
    differs: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    reached: tuple[tuple[str, int, str], ...] = ()
    kept: bool = False
    containers: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()


class FirewallState(FactBase[Firewall]):
    """Return the :class:`Firewall` of a host, read by ``program``, kept by ``units``."""

    default = Firewall

    @override
    def command(self, python: str, program: str, units: tuple[str, ...]) -> StringCommand:
        words = [QuoteString(word) for word in (python, program, *units)]
        return StringCommand("sh -c", QuoteString(SCRIPT), "firewall", *words)

    @override
    def process(self, output: list[str]) -> Firewall:
        many: dict[str, list[str]] = {}
        for line in output:
            key, _, value = line.partition("=")
            many.setdefault(key, []).append(value.strip())
        return Firewall(
            loaded="loaded" in many,
            differs=tuple(many.get("differs", ())),
            down=tuple(many.get("down", ())),
            foreign=tuple(many.get("foreign", ())),
            reached=tuple(map(port, many.get("reached", ()))),
            kept="kept" in many,
            containers=tuple(each.split(" ")[0] for each in many.get("container", ())),
            sessions=tuple(many.get("session", ())),
        )


def port(line: str) -> tuple[str, int, str]:
    """Read protocol, number and program of a port that listens."""
    protocol, number, program = line.split(" ", 2)
    return protocol, int(number), program
