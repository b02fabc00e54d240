"""Prometheus and the blackbox exporter of a monitor: what is written, and what is loaded."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

# Which release is loaded is asked of the programs themselves: a reload returns before it has
# taken place, and one that failed leaves the configuration of before.
SCRIPT = r"""
current=$1; folder=$2; digest=$3; variable=$4; mark=$5; gate=$6; drop=/etc/systemd/system; shift 6
echo "current=$(basename "$(readlink "$current" 2>/dev/null)")"
[ -e "${current%/*}" ] && echo left=yes
for unit in prometheus.service prometheus-blackbox-exporter.service; do
  [ -e "$drop/$unit.d/firstlight.conf" ] && echo left=yes
done
[ -n "$folder" ] || exit 0
if [ -f "$folder/.complete" ] && [ "$(cd "$folder" && cat -- "$@" 2>/dev/null | sha256sum | cut -d' ' -f1)" = "$digest" ] &&
  [ -z "$(find "$folder" -type f ! -name .complete \( ! -perm 640 -o ! -user root -o ! -group prometheus \) 2>/dev/null)" ]; then echo written=yes; fi
for unit in prometheus.service prometheus-blackbox-exporter.service; do
  echo "unit=$unit"
  systemctl show -p ActiveState,UnitFileState,NeedDaemonReload "$unit" 2>/dev/null | grep =
  pid=$(systemctl show -p MainPID --value "$unit" 2>/dev/null)
  [ "${pid:-0}" = 0 ] || tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | sed -n "s/^$variable=/mark=/p"
done
echo unit=
asked() { curl -s -m 5 --noproxy '*' "$@" 2>/dev/null; }
found() { grep -o "$mark[0-9a-f]*" | head -n 1 | sed "s/^$mark//"; }
echo "loaded=$(asked http://127.0.0.1:9090/api/v1/status/config | found)"
echo "probing=$(asked --resolve "$gate:9115:127.0.0.1" --cacert "$current/ca.crt" --cert "$current/monitor.crt" --key "$current/monitor.key" "https://$gate:9115/config" | found)"
true
"""


@dataclass(frozen=True)
class UnitState:
    """One unit; ``mark`` says with which drop-in its process was started."""

    active: bool = False
    enabled: bool = False
    reload_needed: bool = False
    mark: str = ""


@dataclass(frozen=True)
class Prometheus:
    """Names of releases: the ``current`` one, what Prometheus ``loaded``, what ``probing`` goes by.

    ``written``: the one that shall be stands whole. ``left``: something of ours is on the host.
    """

    current: str = ""
    loaded: str = ""
    probing: str = ""
    written: bool = False
    left: bool = False
    units: Mapping[str, UnitState] = field(default_factory=dict)


class PrometheusState(FactBase[Prometheus]):
    """Return the :class:`Prometheus` state, seen from the release in ``folder`` ("": from none).

    ``digest`` is the SHA-256 of its ``files``, one after the other; ``variable`` is where a
    process has the mark of its drop-in, ``mark`` what stands before a release's name in a loaded
    configuration, ``gate`` the name in the blackbox exporter's certificate.
    """

    default = Prometheus

    @override
    def command(
        self,
        current: str,
        folder: str = "",
        digest: str = "",
        variable: str = "",
        mark: str = "",
        gate: str = "",
        files: tuple[str, ...] = (),
    ) -> StringCommand:
        words = (current, folder, digest, variable, mark, gate, *files)
        quoted = [QuoteString(word) for word in words]
        return StringCommand("sh -c", QuoteString(SCRIPT), "prometheus", *quoted)

    @override
    def process(self, output: list[str]) -> Prometheus:
        said: dict[str, dict[str, str]] = {"": {}}
        unit = ""
        for line in output:
            key, _, value = line.partition("=")
            if key == "unit":
                unit = value
            else:
                said.setdefault(unit, {})[key] = value.strip()
        own = said.pop("")
        return Prometheus(
            current=own.get("current", ""),
            loaded=own.get("loaded", ""),
            probing=own.get("probing", ""),
            written=own.get("written") == "yes",
            left=own.get("left") == "yes",
            units={name: unit_state(values) for name, values in said.items()},
        )


def unit_state(values: Mapping[str, str]) -> UnitState:
    """Return a unit's state as systemd's ``values`` say it."""
    return UnitState(
        active=values.get("ActiveState") == "active",
        enabled=values.get("UnitFileState") == "enabled",
        reload_needed=values.get("NeedDaemonReload") == "yes",
        mark=values.get("mark", ""),
    )


RULES = r"""
command -v promtool >/dev/null || exit 0
while [ $# -gt 1 ]; do
  said=$(printf %s "$2" | base64 -d | timeout 60 promtool check rules /dev/stdin 2>&1) || printf '%s\n' "$said" | sed "s|^|$1=|"
  shift 2
done
true
"""


class RuleProblems(FactBase[dict[str, str]]):
    """Return what the host's own promtool, if it has one, says against rules, by their name."""

    default = dict

    @override
    def command(self, rules: Mapping[str, str]) -> StringCommand:
        words = [
            QuoteString(word)
            for name, text in rules.items()
            for word in (name, base64.b64encode(text.encode()).decode())
        ]
        return StringCommand("sh -c", QuoteString(RULES.strip()), "rules", *words)

    @override
    def process(self, output: list[str]) -> dict[str, str]:
        found: dict[str, list[str]] = {}
        for line in output:
            name, _, text = line.partition("=")
            found.setdefault(name, []).append(text)
        return {name: "\n".join(lines) for name, lines in found.items()}


# Fifty at a time, so that no URL is too long. Of its database Prometheus is asked, not of now: what
# was there once is no slip of the pen.
NAMES = r"""
command -v curl >/dev/null || exit 0
while [ $# -gt 0 ]; do
  curl -s -m 10 --noproxy '*' -G --data-urlencode "match[]={__name__=~\"$1\"}" http://127.0.0.1:9090/api/v1/label/__name__/values 2>/dev/null
  echo; shift
done
true
"""
BATCH = 50


class MetricNames(FactBase[frozenset[str]]):
    """Return which of ``names`` the Prometheus of the host has in its database.

    None of them where it does not answer. They are names of letters, digits, ``_`` and ``:``.
    """

    default = frozenset

    @override
    def command(self, names: tuple[str, ...]) -> StringCommand:
        parts = [names[at : at + BATCH] for at in range(0, len(names), BATCH)]
        words = [QuoteString("|".join(part)) for part in parts]
        return StringCommand("sh -c", QuoteString(NAMES.strip()), "names", *words)

    @override
    def process(self, output: list[str]) -> frozenset[str]:
        found: set[str] = set()
        for line in output:
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if isinstance(said, dict) and isinstance(said.get("data"), list):
                found |= {str(each) for each in said["data"]}
        return frozenset(found)
