"""What is shipped: a file that runs under a bare Python, told by a configuration it understands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from firstlight.guard import bundle
from firstlight.guard.config import Config, Input
from firstlight.guard.unit import GuardUnit
from firstlight.settings.guard import Guard, GuardInput, GuardOutput

IMAGE = f"presidio@sha256:{'a' * 64}"


def test_the_program_serves_without_presidio_where_nothing_is_looked_for(tmp_path: Path) -> None:
    program, told = tmp_path / "guard.pyz", tmp_path / "guard.json"
    program.write_bytes(bundle.build())
    config = Config(socket=str(tmp_path / "g.sock"), upstream=str(tmp_path / "p.sock"), workers=1)
    told.write_text(config.text())
    words = [sys.executable, "-I", "-S", str(program), str(told)]  # no packages at all
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as guard:
        try:
            assert guard.stderr is not None
            assert guard.stderr.readline() == "the guard listens with 1 workers\n"
            assert (tmp_path / "g.sock").is_socket()
        finally:
            guard.terminate()
        assert guard.wait(10) == 0


def test_the_same_bytes_each_time() -> None:
    first = bundle.build()
    bundle.build.cache_clear()
    assert bundle.build() == first


def test_all_that_is_imported_travels() -> None:
    package = Path(bundle.__file__).parent
    kept = {"__init__", "bundle", "unit"}
    assert {path.stem for path in package.glob("*.py")} - kept | {"__init__"} == set(bundle.OWN)


def test_the_settings_arrive() -> None:
    settings = Guard(
        image=IMAGE,
        input=GuardInput(banned=("secret",), injection=False, pii=("US_SSN",), action="mask"),
        output=GuardOutput(pii=("EMAIL_ADDRESS",)),
        drain_timeout=7,
    )
    found = Config.parse(GuardUnit(settings, 99).config)
    assert found.input == Input(("secret",), False, 200_000, ("US_SSN",), "mask")
    assert (found.output, found.read_timeout, found.drain_timeout) == (("EMAIL_ADDRESS",), 99, 7)
    assert found.kinds == ("US_SSN", "EMAIL_ADDRESS")


def test_a_configuration_of_another_version() -> None:
    told = json.loads(Config().text()) | {"unheard_of": 1}
    with pytest.raises(ValueError, match="unheard_of"):
        Config.parse(json.dumps(told))
