"""A monitor's release made current: checked by the programs that read it, then seen loaded."""

from __future__ import annotations

from collections.abc import Generator, Mapping

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.facts.prometheus import Prometheus, PrometheusState, UnitState
from firstlight.monitor.blackbox import MARK
from firstlight.monitor.release import BASE, CURRENT, OWN, RELEASES, MonitorRelease
from firstlight.monitor.service import ACCOUNT, DROP_INS, PROBER, UNIT, UNITS
from firstlight.monitor.service import MARK as VARIABLE
from firstlight.operations.commands import explained, script
from firstlight.operations.files import Directory, File, writing
from firstlight.site import GATE_NAME

LOAD_SECONDS = 180
"""How long Prometheus may take to read its database after a restart."""

# What is refused does not stay to be taken for a release, unless it is the one that is loaded.
TEST = r"""
new=$1 current=$2 own=$3; shift 3
said=$(timeout 120 promtool check config "$@" "$new/prometheus.yml" 2>&1 &&
  timeout 30 prometheus-blackbox-exporter --config.check --config.file="$new/blackbox.yml" 2>&1) &&
  { touch "$new/.complete"; sync "$new"; exit 0; }
printf '%s\n' "$said" | grep -Ev '^ *(Checking|SUCCESS|FAILED:?$|$)' | sed "s|^ *||; s|$new/rules/$own||g; s|$new/||g" >&2
[ "$(readlink "$current")" = "$new" ] || rm -rf -- "$new"
exit 1
"""

# A reload keeps what is in memory; only a process of another drop-in is started anew. What is
# loaded is asked of the programs. Where it is not the new release, the one before comes back.
SWITCH = r"""
set -u; new=$1 current=$2 variable=$3 mark=$4 gate=$5 seconds=$6 unit=$7 drop=$8 prober=$9; shift 9; drop2=$1
old=$(readlink "$current" 2>/dev/null); name=$mark$(basename "$new")
point() { ln -sfn "$1" "$current.firstlight-new" && mv -fT "$current.firstlight-new" "$current" && sync "$(dirname "$current")"; }
same() { pid=$(systemctl show -p MainPID --value "$1"); [ "${pid:-0}" != 0 ] && tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qxF "$variable=$2"; }
bring() {
  if systemctl is-active --quiet "$1" && same "$1" "$2"; then systemctl reload "$1"; return; fi
  systemctl reset-failed "$1" 2>/dev/null; systemctl restart "$1"
}
asked() { curl -s -m 5 --noproxy '*' "$@" 2>/dev/null; }
loaded() { asked http://127.0.0.1:9090/api/v1/status/config | grep -qF "$name"; }
probing() { asked --resolve "$gate:9115:127.0.0.1" --cacert "$current/ca.crt" --cert "$current/monitor.crt" --key "$current/monitor.key" "https://$gate:9115/config" | grep -qF "$name"; }
up() { systemctl is-active --quiet "$unit" && systemctl is-active --quiet "$prober"; }
systemctl daemon-reload; systemctl enable --quiet "$unit" "$prober"
since=$(date +%s); point "$new"
bring "$prober" "$drop2" && bring "$unit" "$drop"; result=$?
# A program that does not start again and again is not waited for.
while [ $result = 0 ] && ! { loaded && probing; }; do
  spent=$(($(date +%s) - since))
  [ $spent -gt "$seconds" ] && result=1
  asked http://127.0.0.1:9090/metrics | grep -qx 'prometheus_config_last_reload_successful 0' && [ $spent -gt 3 ] && result=1
  up || { sleep 2; up || result=1; }
  sleep 0.2
done
if [ $result != 0 ]; then
  journalctl -q -u "$unit" -u "$prober" --since "@$since" -n 12 --no-pager -o cat >&2
  if [ -n "$old" ] && [ "$old" != "$new" ]; then point "$old"; bring "$prober" "$drop2"; bring "$unit" "$drop"; fi
  exit 1
fi
# Keys and passwords of before are of no more use.
find "$(dirname "$new")" -mindepth 1 -maxdepth 1 ! -name "$(basename "$new")" -exec rm -rf -- {} +
"""

RETIRE = r"""
base=$1; shift
for unit in prometheus.service prometheus-blackbox-exporter.service; do
  systemctl disable --quiet --now "$unit" 2>/dev/null
done
for drop_in in "$@"; do rm -f -- "$drop_in"; rmdir -- "${drop_in%/*}" 2>/dev/null; done
rm -rf -- "$base"
systemctl daemon-reload
systemctl reset-failed prometheus.service prometheus-blackbox-exporter.service 2>/dev/null
true
"""


def items(release: MonitorRelease) -> list[File | Directory]:
    """Return the release's folders and files: for root, and for the account that reads them."""
    folders = [BASE, RELEASES, release.folder]
    if any("/" in name for name in release.files):
        folders.append(f"{release.folder}/rules")
    return [
        *[Directory(folder, "750", group=ACCOUNT) for folder in folders],
        *[
            File(f"{release.folder}/{name}", text, "640", group=ACCOUNT)
            for name, text in sorted(release.files.items())
        ],
    ]


def read(release: MonitorRelease) -> Prometheus:
    """Return the state of the host's Prometheus, seen from ``release``."""
    found = host.get_fact(
        PrometheusState,
        current=CURRENT,
        folder=release.folder,
        digest=release.digest,
        variable=VARIABLE,
        mark=MARK,
        gate=GATE_NAME,
        files=tuple(sorted(release.files)),
    )
    return found or Prometheus()


def up(have: Prometheus, marks: Mapping[str, str]) -> bool:
    """Whether every unit runs, at boot too, with the drop-in that ``marks`` say."""
    wanted = {unit: UnitState(True, True, False, mark) for unit, mark in marks.items()}
    return {unit: have.units.get(unit) for unit in wanted} == wanted


@operation()
def watching(
    release: MonitorRelease, marks: Mapping[str, str], agent: bool = False
) -> Generator[StringCommand, None, None]:
    """
    Have Prometheus and the blackbox exporter go by a release; done when both say so.

    + release: the files and their common name
    + marks: of the drop-ins that they shall have been started with, by unit
    + agent: whether Prometheus is one
    """
    have = read(release)
    names = {have.current, have.loaded, have.probing}
    if have.written and names == {release.name} and up(have, marks):
        host.noop(f"release {release.name} is loaded")
        return
    if not have.written:
        yield writing(items(release))
        yield explained(
            script(TEST, release.folder, CURRENT, OWN, *(["--agent"] if agent else [])),
            FirstlightError(
                "Prometheus would refuse its new configuration; what runs was left as it is",
                where=host.name,
                why="its own words stand above",
                fix="correct the file that is named: see monitor.prometheus.rules",
            ),
        )
    yield explained(
        script(
            SWITCH, release.folder, CURRENT, VARIABLE, MARK, GATE_NAME, str(LOAD_SECONDS),
            UNIT, marks[UNIT], PROBER, marks[PROBER],
        ),
        FirstlightError(
            f"Prometheus has not loaded release {release.name}",
            where=host.name,
            why="the last words of both programs stand above",
            fix="journalctl -u prometheus -u prometheus-blackbox-exporter on the host",
        ),
    )  # fmt: skip


@operation()
def retired() -> Generator[StringCommand, None, None]:
    """Watch nothing any more: the units end, with those that the packages brought."""
    have: Prometheus = host.get_fact(PrometheusState, current=CURRENT) or Prometheus()
    if not have.left:
        host.noop("nothing is watched from here")
        return
    yield script(RETIRE, BASE, *[DROP_INS[unit] for unit in UNITS])
