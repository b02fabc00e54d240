"""The DCGM exporter brought into service, replaced when what it runs changed, and removed."""

from __future__ import annotations

import hashlib
from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.facts.gpu_exporter import GpuExporterState
from firstlight.facts.guard import Guard as State
from firstlight.monitor.gpu_exporter import CONTAINER, FOLDER, LABEL, NETWORK, UNIT, GpuExporterUnit
from firstlight.operations.commands import explained, script
from firstlight.operations.files import File, writing

INSTALLED = f"/etc/systemd/system/{UNIT}"
BRIDGE = "/usr/local/lib/firstlight/gpu-exporter-network"

# systemctl returns when the exporter answers. What is no longer read goes when the new one does.
EXPORT = r"""
unit=$1 folder=$2 how=$3
systemctl daemon-reload
systemctl enable --quiet "$unit"
systemctl reset-failed "$unit" 2>/dev/null
if ! systemctl "$how" "$unit"; then
  journalctl -q -u "$unit" -n 15 --no-pager -o cat >&2
  exit 1
fi
for path in "$folder"/*; do
  grep -qsF "$path" "/etc/systemd/system/$unit" || rm -f -- "$path"
done
"""
RETIRE = r"""
unit=$1 container=$2 folder=$3 network=$4 bridge=$5
systemctl disable --quiet --now "$unit" 2>/dev/null
if command -v docker >/dev/null; then
  docker rm --force "$container" >/dev/null 2>&1
  docker network rm "$network" >/dev/null 2>&1
fi
rm -rf -- "$folder" "$bridge" "/etc/systemd/system/$unit"
systemctl daemon-reload
systemctl reset-failed "$unit" 2>/dev/null
true
"""


def read() -> State:
    """Return the host's exporter as it is."""
    found = host.get_fact(
        GpuExporterState, unit=UNIT, container=CONTAINER, label=LABEL, folder=FOLDER
    )
    return found or State()


@operation()
def exporting(unit: GpuExporterUnit, text: str) -> Generator[StringCommand, None, None]:
    """
    Have the exporter running as specified; done when it answers.

    + unit: the exporter
    + text: its unit file
    """
    have = read()
    written = have.unit == hashlib.sha256(text.encode()).hexdigest()
    runs = have.active and have.running == unit.spec()
    if written and runs and have.enabled and not have.reload_needed:
        host.noop("the GPU exporter runs as specified")
        return
    if not written:
        yield writing([File(INSTALLED, text)])
    yield explained(
        script(EXPORT, UNIT, FOLDER, "start" if runs else "restart"),
        FirstlightError(
            "the GPU exporter does not answer",
            where=host.name,
            why="its last words stand above; models are served all the same",
            fix=f"journalctl -u {UNIT} on the host; leave out a counter that it refuses with "
            "monitor.gpus.without, or set monitor.gpus.enabled to False",
        ),
    )


@operation()
def retired() -> Generator[StringCommand, None, None]:
    """Stop and remove the exporter; its image stays, for the next one."""
    if not read().left:
        host.noop("no GPU exporter is left over")
        return
    yield script(RETIRE, UNIT, CONTAINER, FOLDER, NETWORK.name, BRIDGE)
