"""Everything the pre-flight checks need to know about a host, in one round trip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

# Works with nothing but a POSIX shell and coreutils: it also runs on a host that has only just
# been installed. Every line is "key=value"; a listener line is "listen=ADDRESS:PORT PROCESS".
SCRIPT = r"""
# A change that an earlier run left unconfirmed goes back by itself: what is read is read after it.
n=0; while ls /var/lib/firstlight/trials/*/armed >/dev/null 2>&1 && [ $n -lt 90 ]; do sleep 1; n=$((n + 1)); done
for f in /var/lib/firstlight/trials/*/armed; do [ ! -e "$f" ] || echo "trial=$(basename "${f%/armed}")"; done
. /etc/os-release 2>/dev/null
echo "os=${ID:-unknown} ${VERSION_ID:-unknown}"
echo "arch=$(uname -m)"
echo "uid=$(id -u)"
echo "systemd=$(systemctl --version 2>/dev/null | awk 'NR==1 {print $2}')"
if [ -r /sys/fs/selinux/enforce ]; then
  case "$(cat /sys/fs/selinux/enforce)" in 1) echo selinux=enforcing ;; 0) echo selinux=permissive ;; esac
elif [ -f /etc/selinux/config ]; then echo selinux=disabled; fi
grep -q . /proc/net/if_inet6 2>/dev/null && echo ipv6=yes
echo "memory=$(awk '/^MemTotal:/ {print $2 * 1024}' /proc/meminfo)"
d=$store; while [ ! -d "$d" ]; do d=$(dirname "$d"); done
echo "free=$(df -P -B1 "$d" | awk 'NR==2 {print $4}')"
# What Prometheus holds already is its own.
d=/var/lib/prometheus; while [ ! -d "$d" ]; do d=$(dirname "$d"); done
echo "samples=$(df -P -B1 "$d" | awk 'NR==2 {print $4}') $(du -sB1 /var/lib/prometheus 2>/dev/null | cut -f1)"
for marker in "$store"/*/.firstlight.json; do [ -f "$marker" ] && echo "stored=$(basename "$(dirname "$marker")")"; done
ls /etc/cdi/*.yaml /etc/cdi/*.json /var/run/cdi/*.yaml /var/run/cdi/*.json 2>/dev/null | sed 's/^/cdi=/'
if [ -f /etc/systemd/system/nginx.service.d/firstlight.conf ]; then :; else
  ls /etc/nginx/sites-enabled /etc/nginx/conf.d 2>/dev/null | sed -n '/^[^/].*[^:]$/s/^/site=/p' | grep -vx site=default
fi
at=/etc/systemd/system
for each in exporters:$at/firstlight-facts.service dcgm:$at/firstlight-gpu-exporter.service logs:/etc/firstlight/logs \
  prometheus:/etc/prometheus/firstlight prometheus:$at/prometheus.service.d/firstlight.conf \
  alertmanager:/etc/firstlight/alertmanager alertmanager:$at/prometheus-alertmanager.service.d/firstlight.conf \
  grafana:/etc/firstlight/grafana; do
  [ ! -e "${each#*:}" ] || echo "observing=${each%%:*}"
done
# Doors that nginx has for monitors, administrators and other hosts' journals: never for clients.
cat /etc/nginx/firstlight/current/telemetry.conf /etc/nginx/firstlight/current/dashboards.conf /etc/firstlight/logs/nginx.conf 2>/dev/null |
  sed -nE 's/^ *listen +(.*:)?([0-9]+) ssl.*/inner=\2/p'
for unit in /etc/systemd/system/firstlight-engine-*.service; do [ -f "$unit" ] && echo "engine=$(basename "$unit")"; done
if command -v docker >/dev/null 2>&1; then
  for i in $images; do docker image inspect "$i" >/dev/null 2>&1 && echo "image=$i"; done
fi
p=$$; seen=
while [ -z "$seen" ] && [ "${p:-0}" -gt 1 ]; do
  seen=$(tr '\0' '\n' <"/proc/$p/environ" 2>/dev/null | sed -n 's/^SSH_CONNECTION=//p')
  p=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$p/status" 2>/dev/null)
done
[ -z "$seen" ] || echo "seen=$seen"
# ufw's unit is not active where ufw was switched on by hand: its own file says it.
grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf && echo firewall=ufw
systemctl is-active --quiet firewalld.service 2>/dev/null && echo firewall=firewalld
ss -Htlnp 2>/dev/null | awk '{
  p = "unknown"; if (match($0, /users:\(\("[^"]+"/)) p = substr($0, RSTART + 9, RLENGTH - 10);
  print "listen=" $4 " " p }'
true
"""


@dataclass(frozen=True)
class Probe:
    """What a host is before anything is done to it. Memory and free space in bytes.

    ``free_for_samples`` is what Prometheus may have: what is free on its disk, and what it has.
    ``engines`` are the units of engines that firstlight made.
    ``foreign_sites`` are the configuration files of an nginx that firstlight did not set up.
    ``seen_from`` is the address that the operator's connection comes from, ``seen_at`` the TCP port
    it came to; empty and 0 where there is none. ``trials`` are changes that wait to be confirmed.
    ``served`` are the TCP ports at which nginx serves clients and edges; not those of monitors and
    dashboards. ``firewalls`` are others' that are active.
    ``observing`` are the roles of observation that the host has.
    ``selinux`` is enforcing, permissive or disabled, and empty where the system does not use it.
    """

    os_id: str = "unknown"
    os_version: str = "unknown"
    arch: str = "unknown"
    uid: int = -1
    systemd: int = 0
    ipv6: bool = False
    memory: int = 0
    free: int = 0
    free_for_samples: int = 0
    stored: frozenset[str] = frozenset()
    cdi_specs: frozenset[str] = frozenset()
    images: frozenset[str] = frozenset()
    foreign_sites: frozenset[str] = frozenset()
    engines: frozenset[str] = frozenset()
    listeners: dict[int, frozenset[str]] = field(default_factory=dict)
    selinux: str = ""
    seen_from: str = ""
    seen_at: int = 0
    firewalls: frozenset[str] = frozenset()
    trials: frozenset[str] = frozenset()
    served: frozenset[int] = frozenset()
    observing: frozenset[str] = frozenset()


class HostProbe(FactBase[Probe]):
    """Return the :class:`Probe` of a host.

    ``store`` is the folder of the weights; ``images`` are the image references to look for.
    """

    default = Probe

    @override
    def command(self, store: str, images: tuple[str, ...] = ()) -> StringCommand:
        script = f'store="$1"; shift; images="$*"\n{SCRIPT}'
        names = [QuoteString(image) for image in images]
        return StringCommand("sh -c", QuoteString(script), "probe", QuoteString(store), *names)

    @override
    def process(self, output: list[str]) -> Probe:
        many: dict[str, list[str]] = {}
        for line in output:
            key, _, value = line.partition("=")
            many.setdefault(key, []).append(value.strip())
        one = {key: values[0] for key, values in many.items()}
        seen = one.get("seen", "").split()
        os_id, _, os_version = one.get("os", "unknown unknown").partition(" ")
        return Probe(
            os_id=os_id,
            os_version=os_version,
            arch=one.get("arch", "unknown"),
            uid=whole(one.get("uid"), -1),
            systemd=whole(one.get("systemd"), 0),
            ipv6=one.get("ipv6") == "yes",
            memory=whole(one.get("memory"), 0),
            free=whole(one.get("free"), 0),
            free_for_samples=sum(whole(part, 0) for part in one.get("samples", "").split()),
            stored=frozenset(many.get("stored", ())),
            cdi_specs=frozenset(many.get("cdi", ())),
            images=frozenset(many.get("image", ())),
            foreign_sites=frozenset(many.get("site", ())),
            engines=frozenset(many.get("engine", ())),
            listeners=listeners(many.get("listen", ())),
            selinux=one.get("selinux", ""),
            seen_from=seen[0].partition("%")[0] if seen else "",
            seen_at=whole(seen[3], 0) if len(seen) == 4 else 0,
            firewalls=frozenset(many.get("firewall", ())),
            trials=frozenset(many.get("trial", ())),
            served=frozenset(served(many.get("listen", ())))
            - {whole(port, 0) for port in many.get("inner", ())},
            observing=frozenset(many.get("observing", ())),
        )


def whole(text: str | None, otherwise: int) -> int:
    """Read a whole number as awk prints it (large ones may come as ``2.5e+10``)."""
    try:
        return int(float(text or ""))
    except ValueError:
        return otherwise


def served(lines: Iterable[str]) -> Iterator[int]:
    """Yield the ports at which nginx is reached from elsewhere."""
    for line in lines:
        address, _, process = line.partition(" ")
        host, _, port = address.rpartition(":")
        if process == "nginx" and not host.strip("[]").startswith(("127.", "::1")):
            yield whole(port, 0)


def listeners(lines: Iterable[str]) -> dict[int, frozenset[str]]:
    """Return the programs by port, from lines such as ``0.0.0.0:443 apache2``.

    One port can have several, each on another address.
    """
    found: dict[int, frozenset[str]] = {}
    for line in lines:
        address, _, process = line.partition(" ")
        port = whole(address.rpartition(":")[2], 0)
        if port:
            found[port] = found.get(port, frozenset()) | {process or "unknown"}
    return found
