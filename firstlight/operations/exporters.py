"""The exporters of a host brought to answer, and taken away."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.exporter.node import ADDRESS, PORT, UNIT
from firstlight.exporter.program import FILE
from firstlight.exporter.spec import METRICS, STATE
from firstlight.facts.exporters import Exporters, ExporterState
from firstlight.operations.commands import explained, script

SERVICE, TIMER = "firstlight-facts.service", "firstlight-facts.timer"
PROGRAM = "/usr/local/lib/firstlight/facts.pyz"
SPEC = "/etc/firstlight/facts.json"
DROP_IN = f"/etc/systemd/system/{UNIT}.d/firstlight.conf"
PAGE = f"{METRICS}/{FILE}"

# The page is asked for what the program wrote: both ends of it are seen at once.
EXPORT = r"""
node=$1 service=$2 timer=$3 url=$4 how=$5
systemctl daemon-reload
systemctl enable --quiet "$timer" && systemctl restart "$timer" || exit 1
systemctl reset-failed "$service" 2>/dev/null
systemctl start "$service" || journalctl -q -u "$service" -n 5 --no-pager -o cat >&2
[ -n "$node" ] || exit 0
systemctl enable --quiet "$node"
systemctl reset-failed "$node" 2>/dev/null
systemctl "$how" "$node" || { journalctl -q -u "$node" -n 5 --no-pager -o cat >&2; exit 1; }
n=0
until curl -fsS --noproxy '*' --max-time 5 "$url" 2>/dev/null | grep -q '^firstlight_facts_time_seconds '; do
  n=$((n + 1))
  if [ $n -ge 20 ]; then
    echo "$url does not tell firstlight_facts_time_seconds" >&2
    journalctl -q -u "$node" -n 5 --no-pager -o cat >&2
    exit 1
  fi
  sleep 0.5
done
"""
# Without the drop-in it would answer on every address: it is stopped before that is gone.
RETIRE = r"""
node=$1 service=$2 timer=$3; shift 3
systemctl disable --quiet --now "$timer" 2>/dev/null
systemctl stop "$service" 2>/dev/null
[ -e "/etc/systemd/system/$node.d/firstlight.conf" ] && systemctl disable --quiet --now "$node" 2>/dev/null
rm -f -- "/etc/systemd/system/$service" "/etc/systemd/system/$timer" "/etc/systemd/system/$node.d/firstlight.conf"
rmdir "/etc/systemd/system/$node.d" 2>/dev/null
rm -rf -- "$@"
systemctl daemon-reload
systemctl reset-failed "$service" 2>/dev/null
true
"""


def read() -> Exporters:
    """Return the host's exporters as they are."""
    found = host.get_fact(ExporterState, node=UNIT, service=SERVICE, timer=TIMER, page=PAGE)
    return found or Exporters()


@operation()
def exporting(mark: str) -> Generator[StringCommand, None, None]:
    """
    Have the host's facts written again and again, and node exporter answering with them.

    + mark: of the node exporter that shall run; empty where there is none for the host
    """
    have = read()
    wanted = {TIMER, UNIT} if mark else {TIMER}
    if have.mark == mark and wanted <= set(have.up) and have.told and not have.stale:
        host.noop("the host's exporters run as specified")
        return
    how = "start" if have.mark == mark else "restart"
    url = f"http://{ADDRESS}:{PORT}/metrics"
    yield explained(
        script(EXPORT, UNIT if mark else "", SERVICE, TIMER, url, how),
        FirstlightError(
            "the host's exporters do not answer",
            where=host.name,
            why="their last words stand above",
            fix=f"see journalctl -u {UNIT} -u {SERVICE} on the host, and who else listens at port "
            f"{PORT} (ss -tlnp); monitor.enabled = False leaves them out",
        ),
    )


@operation()
def retired() -> Generator[StringCommand, None, None]:
    """Stop the exporters and remove what is ours of them; node exporter's package stays."""
    if not read().there:
        host.noop("no exporters are left over")
        return
    yield script(RETIRE, UNIT, SERVICE, TIMER, PROGRAM, SPEC, METRICS, STATE)
