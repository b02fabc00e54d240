"""Alertmanager brought into service, reloaded when its configuration changed, and retired."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from firstlight import adapter
from firstlight.errors import FirstlightError
from firstlight.facts.alertmanager import Alerting, AlertmanagerState
from firstlight.manifest import recorded
from firstlight.monitor.alertmanager import FOLDER, UNIT, URL
from firstlight.operations.commands import explained, script

DROP_IN = f"/etc/systemd/system/{UNIT}.d"
LOAD_SECONDS = 30

# Done when Alertmanager itself says that it works by this very file. Of its last words no URL is
# shown whole: some of them are secrets.
SERVE = recorded(
    r"""
unit=$1 how=$2 want=$3 url=$4 seconds=$5
noted "unit $unit"
systemctl daemon-reload
systemctl enable --quiet "$unit"
systemctl reset-failed "$unit" 2>/dev/null
systemctl "$how" "$unit" || true
i=0
while [ $i -lt $((seconds * 2)) ]; do
  have=$(curl -sf -m 5 "$url/metrics" | awk '$1 == "alertmanager_config_hash" {printf "%.0f", $2}')
  [ "$have" = "$want" ] && exit 0
  sleep 0.5; i=$((i + 1))
done
systemctl show -p ActiveState,Result,ConditionResult "$unit" >&2
journalctl -q -u "$unit" -n 8 --no-pager -o cat | sed -E 's|(https?://)[^ "]*|\1(not shown)|g' >&2
exit 1
"""
)
# Disabled, it is not started by an upgrade of its package either: with the distribution's own
# configuration it would listen on every address.
RETIRE = r"""
unit=$1 folder=$2 drop_in=$3
systemctl disable --quiet --now "$unit" 2>/dev/null
rm -f -- "$drop_in"; rmdir -- "${drop_in%/*}" 2>/dev/null
rm -rf -- "$folder"
systemctl daemon-reload
systemctl reset-failed "$unit" 2>/dev/null
true
"""


def read(endpoints: Sequence[str] = ()) -> Alerting:
    """Return the host's Alertmanager as it is; tries the ``endpoints`` of receivers."""
    found = host.get_fact(
        AlertmanagerState, unit=UNIT, url=URL, folder=FOLDER, endpoints=tuple(endpoints)
    )
    return found or Alerting()


@operation()
def alerting(
    spec: str, loaded: str, endpoints: Mapping[str, tuple[str, ...]]
) -> Generator[StringCommand, None, None]:
    """
    Have Alertmanager running, with its configuration loaded; warns of receivers not reached.

    + spec: what stands in the environment of a process that was started as it is to be
    + loaded: the number by which Alertmanager names the configuration
    + endpoints: names of receivers by their host:port
    """
    # A plan tries nobody: it would be tried twice, and told twice.
    have = read(tuple(endpoints) if adapter.is_executing(state) else ())
    for each in have.missed:
        adapter.say(f"{host.name}: WARNING: {unreached(each, endpoints.get(each, ()))}")
    runs = have.active and have.spec == spec
    if runs and have.loaded == loaded and have.enabled and not have.reload_needed:
        host.noop("Alertmanager has its configuration loaded")
        return
    yield explained(
        script(SERVE, UNIT, "reload" if runs else "restart", loaded, URL, str(LOAD_SECONDS)),
        FirstlightError(
            "Alertmanager does not work by its configuration",
            where=host.name,
            why=f"after {LOAD_SECONDS} s it had not loaded it; its last words stand above",
            fix=f"journalctl -u {UNIT} on the host; see monitor.alerts in the inventory",
        ),
    )


def unreached(endpoint: str, names: Sequence[str]) -> str:
    """Return what is said of a receiver that cannot be reached: the run goes on."""
    return (
        f"no connection from the monitor to {endpoint} (receiver {', '.join(names)}): its alerts "
        "do not arrive; is it up, and may the monitor reach it? firstlight alert test INVENTORY "
        "shows it"
    )


@operation()
def retired() -> Generator[StringCommand, None, None]:
    """Stop Alertmanager and remove what we gave it; its package stays."""
    if not read().left:
        host.noop("no Alertmanager is left over")
        return
    yield script(RETIRE, UNIT, FOLDER, f"{DROP_IN}/firstlight.conf")
