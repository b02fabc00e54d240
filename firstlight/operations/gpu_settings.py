"""What a GPU forgets at power-off, set now and at every boot: power limit, MIG, device links."""

from __future__ import annotations

from collections.abc import Generator, Mapping

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.facts.nvidia import NvidiaProbe
from firstlight.facts.services import UnitProperties
from firstlight.monitor import gpu_exporter
from firstlight.nvidia.mig import is_divided
from firstlight.nvidia.state import NvidiaState
from firstlight.operations.commands import explained, script

UNIT = "firstlight-gpu.service"

# The CDI specification names MIG devices, and is not made anew by itself when they change. Who
# measures GPUs holds them, and a GPU that is held is not divided.
APPLY = r"""
unit=$1 divided=$2 measuring=$3
systemctl daemon-reload
systemctl enable --quiet "$unit"
systemctl reset-failed "$unit" 2>/dev/null
[ "$divided" = yes ] && systemctl -q is-active "$measuring" && systemctl stop "$measuring" || measuring=
if systemctl restart "$unit"; then
  [ "$divided" = no ] || systemctl restart nvidia-cdi-refresh.service
else
  journalctl -q -u "$unit" -n 12 --no-pager -o cat >&2
  false
fi
code=$?
[ -z "$measuring" ] || systemctl start --no-block "$measuring"
exit $code
"""


def differs(state: NvidiaState, mig: Mapping[str, int] | None, power_limit: int | None) -> str:
    """Return the first GPU that is not as it shall be, and how; empty: none."""
    for gpu in state.gpus:
        if power_limit is not None and round(gpu.power_limit) != power_limit:
            return f"GPU {gpu.index}: power limit {gpu.power_limit:.0f} W, wanted {power_limit} W"
        if mig is not None and not is_divided(gpu, mig):
            return (
                f"GPU {gpu.index}: MIG {gpu.mig or 'unknown'} {' '.join(gpu.mig_devices)}".strip()
            )
    return ""


@operation()
def applied(
    mig: Mapping[str, int] | None, power_limit: int | None
) -> Generator[StringCommand, None, None]:
    """
    Have the GPUs divided and limited as declared.

    + mig: instances per GPU by "DEVICES-PROFILE"; None: not firstlight's business
    + power_limit: watts per GPU; None: not firstlight's business
    """
    unit: dict[str, str] = host.get_fact(UnitProperties, unit=UNIT) or {}
    up = (unit.get("ActiveState"), unit.get("UnitFileState")) == ("active", "enabled")
    managed = mig is not None or power_limit is not None
    found: NvidiaState = (host.get_fact(NvidiaProbe) or NvidiaState()) if managed else NvidiaState()
    wrong = differs(found, mig, power_limit)
    if up and not wrong:
        host.noop("the GPUs are set as declared")
        return
    yield explained(
        script(APPLY, UNIT, "no" if mig is None else "yes", gpu_exporter.UNIT),
        FirstlightError(
            "the GPUs could not be set as declared",
            where=f"{host.name}: nvidia.mig, nvidia.power_limit",
            why=wrong or "what nvidia-smi said stands above",
            fix="a power limit has to be within the card's range (nvidia-smi -q -d POWER), a MIG "
            "profile one of the card's (nvidia-smi mig -lgip), and no program may use the GPU "
            "while it is divided",
        ),
    )
