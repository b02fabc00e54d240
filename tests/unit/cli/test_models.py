"""``firstlight models`` hands its deploys to pyinfra and ends the way they do."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from firstlight.cli import models as command
from firstlight.cli.models import models


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found: list[Any] = []

    def run(words: list[str], **options: Any) -> Any:
        found.append((words[3:], options))
        return SimpleNamespace(returncode=3, stderr=b"lab1 is silent\n")

    monkeypatch.setattr(command.subprocess, "run", run)
    return found


@pytest.mark.parametrize(
    ("verb", "flags", "quiet"),
    [
        (["list"], ["--dry"], True),
        (["pull"], ["-y"], False),
        (["verify"], ["-y"], False),
        (["gc"], ["--dry"], True),
        (["gc", "--yes"], ["-y"], False),
    ],
)
def test_verbs(
    ran: list[Any], tmp_path: Path, verb: list[str], flags: list[str], quiet: bool
) -> None:
    inventory = tmp_path / "prod.py"
    inventory.touch()
    done = CliRunner().invoke(models, [*verb, str(inventory), "--limit", "a", "--limit", "b"])
    assert done.exit_code == 3
    ((words, options),) = ran
    deploy = words.pop()
    assert words == [*flags, "--limit", "a", "--limit", "b", str(inventory)]
    assert Path(deploy).name == f"models_{verb[0]}.py" and Path(deploy).is_file()
    # What is asked for stands alone on stdout; why it failed is shown all the same.
    assert (options["stderr"] == subprocess.PIPE) is quiet
    assert ("lab1 is silent" in done.output) is quiet


def test_a_limit_that_is_no_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = b"No host matches found for --limit pattern: gpu9"
    answer = SimpleNamespace(returncode=0, stderr=said)
    monkeypatch.setattr(command.subprocess, "run", lambda *_, **__: answer)
    done = CliRunner().invoke(models, ["list", str(tmp_path), "--limit", "gpu9"])
    assert done.exit_code == 1 and "gpu9" in done.output


def test_an_inventory_that_is_not_there(ran: list[Any]) -> None:
    assert CliRunner().invoke(models, ["list", "absent.py"]).exit_code == 2
    assert ran == []
