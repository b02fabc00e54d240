"""An engine's unit, the facts of hosts it runs on, and a host's folders for its replacement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pyinfra.api import StringCommand

from firstlight.engines.unit import EngineUnit
from firstlight.facts.engines import Engines, EngineState, EngineStates
from firstlight.operations.engines import digest, serving
from firstlight.settings import Model
from roles.engine import unit_text
from tests.operations.play import commands, run
from tests.stubs import Stubs
from tests.units import unit_of

UNIT = "firstlight-engine-tiny.service"
Facts = dict[type, object]


def text(unit: EngineUnit) -> str:
    return unit_text(unit, 257, "/usr/bin/python3")


def have(wanted: EngineUnit, active: str = "active", **change: object) -> Facts:
    files = {path: digest(content) for path, content in wanted.files.items()}
    as_it_is = EngineState(active, True, False, wanted.spec(), digest(text(wanted)), files)
    return {EngineStates: Engines({"tiny": replace(as_it_is, **change)})}  # type: ignore[arg-type]


def switch(unit: EngineUnit, facts: Facts) -> tuple[str, StringCommand]:
    """Return how the unit is brought to serve, and the command that does it."""
    *_, command = commands(serving, facts, unit=unit, text=text)[0]
    words = command.get_raw_value().split("firstlight ", 1)[1].split(" ")
    position = words.index("tiny")
    return words[position + 1], command


class Host:
    """A host's folders and systemd, as far as an engine's replacement needs them."""

    def __init__(self, root: Path, stubs: Stubs) -> None:
        self.stubs, self.state, self.units = stubs, root / "state", root / "units"
        self.folder = root / "engines"
        for path in (self.state / "tiny", self.units, self.folder / "tiny"):
            path.mkdir(parents=True)
        stubs.add("docker")
        stubs.add("journalctl", "echo CUDA out of memory")

    @property
    def installed(self) -> Path:
        return self.units / UNIT

    def replace(self, command: StringCommand, works: str, state: str = "active") -> tuple[int, str]:
        """Run the switch where only a unit file that contains ``works`` starts."""
        self.stubs.add(
            "systemctl",
            f"""case "$1" in is-active) echo {state};; show) echo 5eed;;
            start) grep -q {works} {self.installed};; esac""",
        )
        done = run(
            command, self.stubs.env,
            {
                "/var/lib/firstlight/engines": self.state,
                "/etc/systemd/system": self.units,
                "/etc/firstlight/engines": self.folder,
            },
        )  # fmt: skip
        return done.returncode, done.stderr

    def verbs(self) -> list[str]:
        calls = [call.split(" ") for call in self.stubs.calls("systemctl")]
        return [words[1] for words in calls if words[1] in ("stop", "start", "daemon-reload")]


@pytest.fixture
def unit(model: Callable[..., Model]) -> EngineUnit:
    return unit_of(model())


@pytest.fixture
def host(tmp_path: Path, stubs: Stubs) -> Host:
    return Host(tmp_path, stubs)
