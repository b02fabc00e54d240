"""Engines started, replaced when what they run changed, and removed when nobody wants them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.engines.unit import FOLDER, LABEL, OUT, EngineUnit
from firstlight.errors import FirstlightError
from firstlight.facts.engines import Engines, EngineState, EngineStates
from firstlight.operations.commands import explained, script
from firstlight.operations.files import File, writing

STATE = "/var/lib/firstlight/engines"
"""By instance: the unit that is to be installed next, and the one that served before."""
UNPROVEN = "unproven"
"""Beside them while a unit that took the place of another has not shown a token yet."""

NONE = EngineState("inactive", False, True, "none")

# The unit file alone decides what runs: its configuration is in files named by their content. So
# one rename goes forward, and one rename goes back. What stood before is kept only if it served;
# ``unproven`` says so across a cut: the unit itself removes it once it has shown a token.
SWITCH = r"""
unit=$1 name=$2 how=$3 states=$4 state=$4/$2 folder=$5/$2 written=$6
installed=/etc/systemd/system/$unit next=$state/next.service previous=$state/previous.service
unproven=$state/unproven
# Who listens may be gone before this ends; the way back is gone all the same.
trap '' HUP PIPE
say() { echo "$*" >&2; }
# Of this start alone: the version before may have said a lot until it was stopped.
said() {
  id=$(systemctl show --value -p InvocationID "$unit")
  if [ -n "$id" ]; then set -- "_SYSTEMD_INVOCATION_ID=$id" + "INVOCATION_ID=$id"
  else set -- -u "$unit"; fi
  journalctl -q -n 25 --no-pager -o cat "$@" >&2
}
beside() { cp "$1" "$2.firstlight-new" && sync "$2.firstlight-new"; }
take() { beside "$1" "$installed" && mv -f "$installed.firstlight-new" "$installed"; }
loaded() {
  systemctl daemon-reload; systemctl enable --quiet "$unit"
  systemctl reset-failed "$unit" 2>/dev/null
}
tidy() {
  for path in "$folder"/*; do
    grep -qsF "$path" "$installed" "$previous" || rm -f -- "$path"
  done
  rm -f -- "$folder.yaml" "$unproven"
  docker volume ls -q 2>/dev/null | grep -E "^firstlight-cache-$name(-[0-9a-f]{12})?\$" |
  while read -r volume; do
    grep -qsF "$volume:" "$installed" "$previous" || docker volume rm "$volume" >/dev/null 2>&1
  done
}
# One that an earlier run left there is not what is wanted now.
[ "$written" = no ] || rm -f "$next"
if [ "$how" = adopt ]; then
  take "$next" && rm -f "$next" || exit 1
  loaded; systemctl start "$unit" && tidy; exit
fi
# Whatever needs space on the disk comes before the stop.
[ ! -e "$next" ] || beside "$next" "$installed" || exit 1
serving=no
if [ -e "$next" ] && [ -e "$installed" ] && [ "$(systemctl is-active "$unit")" = active ]; then
  beside "$installed" "$previous" && mv -f "$previous.firstlight-new" "$previous" &&
    touch "$unproven" || exit 1
  serving=yes
elif [ -e "$unproven" ] && [ -e "$previous" ]; then
  serving=yes
fi
[ "$how" != switch ] || systemctl stop "$unit" 2>/dev/null
if [ -e "$next" ]; then
  mv -f "$installed.firstlight-new" "$installed" && rm -f "$next" ||
    { systemctl start "$unit"; exit 1; }
fi
loaded
systemctl start "$unit" && { tidy; exit 0; }
say "last words of $unit:"
said
[ "$serving" = yes ] || exit 1
systemctl stop "$unit"; take "$previous"; loaded
if systemctl start "$unit"; then rm -f "$unproven"; say "returned to the version before: it answers again"
else say "the version before does not start either"; fi
exit 1
"""

RETIRE = r"""
out=$1 state=$2 folder=$3; shift 3
for name in "$@"; do
  unit=firstlight-engine-$name.service
  systemctl disable --quiet --now "$unit"
  rm -rf -- "/etc/systemd/system/$unit" "$folder/$name" "$folder/$name.yaml" "$state/$name" "$out/$name"
  docker volume ls -q 2>/dev/null | grep -E "^firstlight-cache-$name(-[0-9a-f]{12})?\$" |
  xargs -r docker volume rm >/dev/null 2>&1
done
systemctl daemon-reload
"""


def read() -> Engines:
    """Return what runs on the host."""
    return host.get_fact(EngineStates, label=LABEL, folder=FOLDER) or Engines()


@operation()
def retired(keep: Sequence[str]) -> Generator[StringCommand, None, None]:
    """
    Stop and remove the engines of models that are no longer served.

    Their weights stay: a model that is taken back is served again without a download.

    + keep: names of the instances that are
    """
    stale = sorted(set(read().units) - set(keep))
    if not stale:
        host.noop("no engine is left over")
        return
    yield script(RETIRE, OUT, STATE, FOLDER, *stale)


@operation()
def serving(
    unit: EngineUnit, text: Callable[[EngineUnit], str]
) -> Generator[StringCommand, None, None]:
    """
    Have an instance running as specified; done when it has streamed a token.

    One that serves something else is taken out of the edge, drained and replaced; if the new
    one does not come to answer, the one before is put back.

    + unit: the instance's unit
    + text: renders the unit file
    """
    found = read()
    unit = unit.named(found.uuids)
    have, wanted = found.units.get(unit.instance.name, NONE), text(unit)
    as_specified = have.spec == unit.spec()
    as_written = have.unit == digest(wanted) and all(
        have.files.get(path) == digest(content) for path, content in unit.files.items()
    )
    settled = have.active == "active" and have.enabled and not have.reload_needed
    if as_specified and as_written and settled:
        host.noop(f"{unit.instance.name} runs as specified")
        return
    if not as_written:
        staged = File(f"{STATE}/{unit.instance.name}/next.service", wanted)
        yield writing([*[File(path, content) for path, content in unit.files.items()], staged])
    yield explained(
        script(SWITCH, unit.name, unit.instance.name, how(have, as_specified, as_written),
               STATE, FOLDER, "yes" if as_written else "no"),
        FirstlightError(
            f"the engine of {unit.instance.name} does not answer",
            where=host.name,
            why="its last words stand above",
            fix=f"journalctl -u {unit.name} on the host; start_timeout is "
            f"{unit.model.start_timeout} s",
        ),
    )  # fmt: skip


def how(have: EngineState, as_specified: bool, as_written: bool) -> str:
    """Return how an instance gets to be as specified.

    ``adopt``: it runs already, only the unit around it changes. ``start``: it does not run, or
    is starting as specified and is waited for. ``switch``: something else serves.
    """
    if as_specified and have.active in ("active", "activating"):
        return "start" if as_written else "adopt"
    return "switch"


def digest(text: str) -> str:
    """Return the SHA-256 sum of ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()
