"""Engines that answer only to their own edge: the secret is in files, and nowhere else."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from firstlight.engines import ENGINES, watch
from firstlight.engines.instance import Node
from firstlight.engines.unit import EngineUnit
from firstlight.secret import Secret, revealed
from firstlight.settings import Model
from roles.engine import unit_text
from tests.unit.engines.answers import Engine
from tests.units import unit_of

Make = Callable[..., Model]
NEW, OLD = (Secret("backend_" + letter * 43) for letter in "no")
KEYED = ("vllm", "llamacpp")


def keyed(model: Model, *secrets: Secret) -> EngineUnit:
    return replace(unit_of(model), secrets=secrets or (NEW,))


@pytest.mark.parametrize("engine", ENGINES)
def test_no_secret_where_others_can_look(model: Make, engine: str) -> None:
    unit = keyed(model(engine=engine))
    assert unit.keyed is (engine in KEYED)
    shown = [*unit.run(), unit_text(unit, 257, "/usr/bin/python3"), unit.spec(), repr(unit)]
    assert not [text for text in shown if NEW.reveal() in text]
    assert not [path for path in unit.files if NEW.reveal() in path]
    open_texts = [text for text in unit.files.values() if isinstance(text, str)]
    assert not [text for text in open_texts if NEW.reveal() in text]
    assert bool(open_texts) is not unit.keyed


@pytest.mark.parametrize("engine", [name for name in ENGINES if name not in KEYED])
def test_where_an_engine_takes_none_nothing_changes(model: Make, engine: str) -> None:
    made = model(engine=engine)
    assert keyed(made).spec() == unit_of(made).spec()
    assert keyed(made).files == unit_of(made).files


def test_vllm_has_it_in_its_configuration(model: Make) -> None:
    plain, unit = unit_of(model(engine="vllm")), keyed(model(engine="vllm"), NEW, OLD)
    assert unit.run()[-2:] == plain.run()[-2:] == ["--config", "/etc/firstlight/vllm.yaml"]
    found = yaml.safe_load(revealed(unit.described.config or ""))
    assert found.pop("api-key") == [NEW.reveal(), OLD.reveal()]
    assert found == yaml.safe_load(revealed(plain.described.config or ""))


def test_llamacpp_has_it_in_a_file(model: Make) -> None:
    unit = keyed(model(args={"threads": 2}), NEW, OLD)
    assert unit.run()[-2:] == ["--api-key-file", "/etc/firstlight/keys"]
    assert revealed(unit.described.config or "") == f"{NEW.reveal()}\n{OLD.reveal()}\n"
    assert f"{unit.config_file}:/etc/firstlight/keys:ro" in unit.run()


def test_another_secret_is_another_engine(model: Make) -> None:
    before, after = keyed(model(), OLD), keyed(model(), NEW, OLD)
    assert len({before.spec(), after.spec(), unit_of(model()).spec()}) == 3
    # Each has files of its own: the one before still stops by the secret that it asks for.
    assert not set(before.files) & set(after.files)


def test_what_nobody_asks_has_none(model: Make) -> None:
    unit = keyed(model(engine="vllm"))
    node = Node(1, 2, "192.0.2.1", "192.0.2.2")
    assert not replace(unit, instance=replace(unit.instance, node=node)).keyed


@pytest.mark.parametrize("secret", ["backend_x", None])
def test_the_watch_shows_it_to_the_engine(
    engine: Engine, spec: dict[str, Any], tmp_path: Path, monkeypatch: Any, secret: str | None
) -> None:
    monkeypatch.setattr(watch.OPENER, "addheaders", [])
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(spec | ({"secret": secret} if secret else {})))
    assert watch.main(["await", str(path), str(os.getpid())]) == 0
    assert {path for path, _ in engine.asked} == {"/health", "/chat"}
    assert engine.shown == {f"Bearer {secret}" if secret else None}


def test_the_watch_reads_what_is_written_for_it(model: Make) -> None:
    found = json.loads(revealed(keyed(model(), NEW, OLD).watch))
    assert found.pop("secret") == NEW.reveal()
    assert found == json.loads(revealed(unit_of(model()).watch))
