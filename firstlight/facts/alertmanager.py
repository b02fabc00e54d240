"""Alertmanager on a host: what runs, what it has loaded, and which receivers it reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

# Only the process knows what it was started with: files can be newer than it is. The receivers
# are tried side by side, so that all of them cost as much as the slowest.
SCRIPT = r"""
unit=$1 url=$2 seconds=$3 folder=$4; shift 4
for each in "$folder" "/etc/systemd/system/$unit.d/firstlight.conf"; do [ -e "$each" ] && echo there=yes; done
systemctl show -p ActiveState,UnitFileState,NeedDaemonReload,MainPID "$unit" 2>/dev/null
pid=$(systemctl show -p MainPID --value "$unit" 2>/dev/null)
[ "${pid:-0}" != 0 ] && tr '\0' '\n' </proc/"$pid"/environ | grep '^FIRSTLIGHT_SPEC='
curl -sf -m 5 "$url/metrics" | awk '/^alertmanager_config_(hash|last_reload_successful) /{print "metric " $1 "=" $2}'
for each in "$@"; do
  timeout "$seconds" bash -c ': 3<>"/dev/tcp/${0%:*}/${0##*:}"' "$each" 2>/dev/null || echo "missed=$each" &
done
wait
true
"""
TRY_SECONDS = 5


@dataclass(frozen=True)
class Alerting:
    """``spec`` is what the process was started as, ``loaded`` the number of its configuration.

    ``missed`` are the endpoints (``host:port``) of receivers to which no connection was made.
    """

    spec: str = ""
    loaded: str = ""
    left: bool = False
    """Whether something of ours lies on the host."""
    active: bool = False
    enabled: bool = False
    reload_needed: bool = False
    missed: tuple[str, ...] = ()


class AlertmanagerState(FactBase[Alerting]):
    """Return :class:`Alerting` of ``unit`` whose API is at ``url``; tries ``endpoints``."""

    default = Alerting

    @override
    def command(
        self, unit: str, url: str, folder: str, endpoints: Sequence[str] = ()
    ) -> StringCommand:
        words = [QuoteString(each) for each in (unit, url, str(TRY_SECONDS), folder, *endpoints)]
        return StringCommand("sh -c", QuoteString(SCRIPT.strip()), "firstlight", *words)

    @override
    def process(self, output: list[str]) -> Alerting:
        lines = [line.partition("=")[::2] for line in output]
        values = dict(lines)
        read = values.get("metric alertmanager_config_last_reload_successful") == "1"
        number = values.get("metric alertmanager_config_hash", "")
        return Alerting(
            spec=values.get("FIRSTLIGHT_SPEC", ""),
            # Written as 6.6254717639411e+13; below 2^53 that is exact.
            loaded=str(int(float(number))) if read and number else "",
            left="there" in values,
            active=values.get("ActiveState") == "active",
            enabled=values.get("UnitFileState") == "enabled",
            reload_needed=values.get("NeedDaemonReload") == "yes",
            missed=tuple(sorted(value for key, value in lines if key == "missed")),
        )
