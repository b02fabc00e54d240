"""The guard brought into service, replaced when what it runs changed, and removed."""

from __future__ import annotations

import hashlib
from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.facts.guard import Guard, GuardState
from firstlight.guard.unit import CONTAINER, FOLDER, LABEL, UNIT, GuardUnit
from firstlight.operations.commands import explained, script
from firstlight.operations.files import File, writing

TMPFILES = "/etc/tmpfiles.d/firstlight-guard.conf"
INSTALLED = f"/etc/systemd/system/{UNIT}"

# systemctl returns when the guard answers. What is no longer read goes when the new one does.
SERVE = r"""
unit=$1 folder=$2 tmpfiles=$3 how=$4
systemd-tmpfiles --create "$tmpfiles" || exit 1
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
unit=$1 container=$2 folder=$3 tmpfiles=$4
systemctl disable --quiet --now "$unit" 2>/dev/null
command -v docker >/dev/null && docker rm --force "$container" >/dev/null 2>&1
rm -rf -- "$folder" "$tmpfiles" "/etc/systemd/system/$unit" /run/firstlight-guard
systemctl daemon-reload
systemctl reset-failed "$unit" 2>/dev/null
true
"""


def read() -> Guard:
    """Return the host's guard as it is."""
    found = host.get_fact(GuardState, unit=UNIT, container=CONTAINER, label=LABEL, folder=FOLDER)
    return found or Guard()


@operation()
def guarding(unit: GuardUnit, text: str) -> Generator[StringCommand, None, None]:
    """
    Have the guard running as specified; done when it answers.

    + unit: the guard
    + text: its unit file
    """
    have = read()
    written = have.unit == hashlib.sha256(text.encode()).hexdigest()
    runs = have.active and have.running == unit.spec()
    if written and runs and have.enabled and not have.reload_needed:
        host.noop("the guard runs as specified")
        return
    if not written:
        yield writing([File(INSTALLED, text)])
    yield explained(
        script(SERVE, UNIT, FOLDER, TMPFILES, "start" if runs else "restart"),
        FirstlightError(
            "the guard does not answer",
            where=host.name,
            why="its last words stand above",
            fix=f"journalctl -u {UNIT} on the host; see edge.guard in the inventory",
        ),
    )


@operation()
def retired() -> Generator[StringCommand, None, None]:
    """Stop and remove the guard; its image stays, for the next one."""
    if not read().left:
        host.noop("no guard is left over")
        return
    yield script(RETIRE, UNIT, CONTAINER, FOLDER, TMPFILES)
