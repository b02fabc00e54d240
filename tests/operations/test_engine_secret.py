"""An engine's secret on its way to a host: private from the first byte, and in no command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from firstlight.engines.unit import EngineUnit
from firstlight.operations.engines import how, read_by, serving
from firstlight.secret import Secret
from firstlight.settings import Model
from tests.operations.engine_host import have, text
from tests.operations.play import commands, converged
from tests.units import unit_of

Make = Callable[..., Model]
SECRET, OTHER = (Secret("backend_" + letter * 43) for letter in "xy")


def keyed(model: Model, *secrets: Secret) -> EngineUnit:
    return replace(unit_of(model), secrets=secrets)


@pytest.mark.parametrize(("engine", "owner"), [("llamacpp", "65534:65534"), ("vllm", "2000:0")])
def test_it_belongs_to_those_who_need_it(model: Make, engine: str, owner: str) -> None:
    unit = keyed(model(engine=engine), SECRET)
    assert {file.path: (file.mode, f"{file.user}:{file.group}") for file in read_by(unit)} == {
        unit.config_file: ("400", owner),
        unit.watch_file: ("600", "root:root"),
    }
    assert all(isinstance(file.content, Secret) for file in read_by(unit))


def test_no_command_shows_it(model: Make) -> None:
    unit = keyed(model(), SECRET)
    found, _ = commands(serving, {}, unit=unit, text=text)
    assert len(found) == 2
    assert SECRET.reveal() not in "".join(command.get_raw_value() for command in found)
    assert f"file|400|65534:65534|{unit.config_file}" in found[0].get_raw_value()


def test_the_same_one_again_changes_nothing(model: Make) -> None:
    unit = keyed(model(), SECRET)
    assert converged(serving, have(unit), unit=unit, text=text)


def test_another_one_is_an_upgrade(model: Make) -> None:
    """The engine is restarted once, in the order of any other change, and put back if it fails."""
    for before, after in (((), (SECRET,)), ((SECRET,), (OTHER, SECRET)), ((SECRET,), ())):
        old, new = keyed(model(), *before), keyed(model(), *after)
        assert not converged(serving, have(old), unit=new, text=text)
        state = next(iter(have(old).values())).units["tiny"]  # type: ignore[attr-defined]
        assert how(state, state.spec == new.spec(), False) == "switch"
