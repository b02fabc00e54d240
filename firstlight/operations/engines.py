"""Engines started, replaced when what they run changed, and removed when nobody wants them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.engines.unit import FOLDER, LABEL, EngineUnit
from firstlight.errors import FirstlightError
from firstlight.facts.engines import Engines, EngineState, EngineStates
from firstlight.operations.commands import explained, failure, script
from firstlight.operations.engine_scripts import MAKE_ROOM, RETIRE, SWITCH
from firstlight.operations.files import File, writing
from firstlight.secret import Secret, revealed

STATE = "/var/lib/firstlight/engines"
"""By instance: the unit that is to be installed next, and the one that served before."""
UNPROVEN = "unproven"
"""Beside them while a unit that took the place of another has not shown a token yet."""

NONE = EngineState("inactive", False, True, "none")


def read() -> Engines:
    """Return what runs on the host."""
    return host.get_fact(EngineStates, label=LABEL, folder=FOLDER) or Engines()


@operation()
def retired(keep: Sequence[str]) -> Generator[StringCommand, None, None]:
    """
    Stop and remove the engines of models that are no longer served.

    Their weights stay: a model that is taken back is served again without a download. So does the
    mark that they are out of service: until its next release the edge knows them at their ports,
    where others may answer by then.

    + keep: names of the instances that are
    """
    stale = sorted(set(read().units) - set(keep))
    if not stale:
        host.noop("no engine is left over")
        return
    yield script(RETIRE, STATE, FOLDER, *stale)


@operation()
def room(units: Sequence[EngineUnit]) -> Generator[StringCommand, None, None]:
    """
    Stop what is about to be replaced and would be in the way of it.

    That is an engine whose port or GPU another one takes over, and the first host of a copy
    over several: its open answers have to end before the other hosts stop.

    + units: the units of all instances of the host
    """
    found = read()
    named = [unit.named(found.uuids) for unit in units]
    stop = [
        name if unit.instance.node is None and found.units[name].active == "active" else f"{name}="
        for unit in in_the_way(named, found)
        for name in [unit.instance.name]
    ]
    if not stop:
        host.noop("no engine is in the way of another")
        return
    yield script(MAKE_ROOM, STATE, *stop)


def in_the_way(units: Sequence[EngineUnit], found: Engines) -> list[EngineUnit]:
    """Return those of ``units`` that have to stop before the others are replaced."""
    changing = {
        unit.instance.name: unit
        for unit in units
        if found.units.get(unit.instance.name, NONE).spec != unit.spec()
    }
    return [
        unit
        for name, unit in changing.items()
        # One that is loading, or about to start anew, has its GPUs as well.
        if (have := found.units.get(name, NONE)).active not in ("inactive", "failed")
        if (unit.instance.node is not None and unit.instance.leads)
        or any(takes(other, unit, have) for other in changing.values() if other is not unit)
    ]


def takes(other: EngineUnit, unit: EngineUnit, have: EngineState) -> bool:
    """Tell whether ``other`` shall have a port or a GPU that ``unit`` has now and gives up."""
    left = set(have.gpus) - set(unit.instance.gpus)
    return other.instance.port == have.port or bool(left & set(other.instance.gpus))


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
    have = found.units.get(unit.instance.name, NONE)
    if nameless(unit, have, found):
        yield failure(
            FirstlightError(
                f"the GPUs of {unit.instance.name} cannot be named; it was left as it is",
                where=host.name,
                why="nvidia-smi fails, and the engine's unit has its GPUs by UUID",
                fix="see nvidia-smi on the host; deploys/gpu.py mends the GPU layer",
            )
        )
        return
    wanted = text(unit)
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
        yield writing([*read_by(unit), staged])
    yield explained(
        script(SWITCH, unit.name, unit.instance.name, how(have, as_specified, as_written),
               STATE, FOLDER, "yes" if as_written else "no", "no" if unit.instance.node else "yes"),
        FirstlightError(
            f"the engine of {unit.instance.name} does not answer as it is declared",
            where=host.name,
            why="its last words stand above",
            fix=f"journalctl -u {unit.name} on the host; start_timeout is "
            f"{unit.model.start_timeout} s",
        ),
    )  # fmt: skip


def read_by(unit: EngineUnit) -> Iterator[File]:
    """Yield the files that ``unit`` reads: a secret for root, or for its container's user."""
    uid, _, gid = unit.described.user.partition(":")
    for path, content in unit.files.items():
        if not isinstance(content, Secret):
            yield File(path, content)
        elif path == unit.config_file:
            yield File(path, content, "400", uid, gid)
        else:
            yield File(path, content, "600")


def nameless(unit: EngineUnit, have: EngineState, found: Engines) -> bool:
    """Tell whether the driver's silence would make a unit with UUIDs one with numbers."""
    by_uuid = any(gpu.startswith("GPU-") for gpu in have.gpus)
    return bool(unit.instance.gpus) and by_uuid and not found.readable


def how(have: EngineState, as_specified: bool, as_written: bool) -> str:
    """Return how an instance gets to be as specified.

    ``adopt``: it runs already, only the unit around it changes. ``start``: it does not run, or
    is starting as specified and is waited for. ``switch``: something else serves.
    """
    if as_specified and have.active in ("active", "activating"):
        return "start" if as_written else "adopt"
    return "switch"


def digest(text: str | Secret) -> str:
    """Return the SHA-256 sum of ``text``."""
    return hashlib.sha256(revealed(text).encode()).hexdigest()
