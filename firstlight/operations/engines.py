"""Engines started, restarted when what they run changed, and removed when nobody wants them."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.engines.unit import LABEL, EngineUnit
from firstlight.errors import FirstlightError
from firstlight.facts.engines import EngineState, EngineStates
from firstlight.operations.commands import explained, script

START = r"""
unit=$1; verb=$2
systemctl daemon-reload; systemctl enable --quiet "$unit"
systemctl reset-failed "$unit" 2>/dev/null
systemctl "$verb" "$unit" && exit 0
echo "last words of $unit:" >&2
journalctl -q -u "$unit" -n 25 --no-pager -o cat >&2
exit 1
"""

RETIRE = r"""
for name in "$@"; do
  unit=firstlight-engine-$name.service
  systemctl disable --quiet --now "$unit"
  rm -f -- "/etc/systemd/system/$unit" "/etc/firstlight/engines/$name.yaml" \
    "/etc/firstlight/weights/$name.json" "/etc/firstlight/secrets/hub-token-$name"
done
systemctl daemon-reload
"""


@operation()
def retired(keep: Sequence[str]) -> Generator[StringCommand, None, None]:
    """
    Stop and remove the engines of models that are no longer served, and their hub tokens.

    Their weights stay: a model that is taken back is served again without a download.

    + keep: names of the models that are
    """
    states: dict[str, EngineState] = host.get_fact(EngineStates, label=LABEL) or {}
    stale = sorted(set(states) - set(keep))
    if not stale:
        host.noop("no engine is left over")
        return
    yield script(RETIRE, *stale)


@operation()
def answering(unit: EngineUnit) -> Generator[StringCommand, None, None]:
    """
    Have the engine of a model running as specified; done when it answers.

    + unit: the served model's unit
    """
    states: dict[str, EngineState] = host.get_fact(EngineStates, label=LABEL) or {}
    state = states.get(unit.model.name, EngineState("inactive", False, True, "none"))
    as_specified = state.spec == unit.spec()
    settled = state.active == "active" and state.enabled and not state.reload_needed
    if as_specified and settled:
        host.noop(f"{unit.model.name} runs as specified")
        return
    # An engine that is starting as specified is waited for, not started over.
    verb = "start" if as_specified or state.active in ("inactive", "failed") else "restart"
    yield explained(
        script(START, unit.name, verb),
        FirstlightError(
            f"the engine of {unit.model.name} does not answer",
            where=host.name,
            why="its last words stand above",
            fix=f"journalctl -u {unit.name} on the host; start_timeout is "
            f"{unit.model.start_timeout} s",
        ),
    )
