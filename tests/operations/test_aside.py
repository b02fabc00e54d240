"""Files of others are set aside, never removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from firstlight.facts.files import PathState, PathStates
from firstlight.operations.aside import END, set_aside
from tests.operations.play import commands, converged, run


def there(*paths: str) -> dict[type, Any]:
    state = PathState("file", "644", "root", "root", "0" * 64)
    return {PathStates: dict.fromkeys(paths, state)}


def test_what_is_not_there_is_no_change() -> None:
    assert converged(set_aside, there(), paths=())
    assert converged(set_aside, there(), paths=("/etc/apt/sources.list.d/cuda.list",))


def test_a_file_keeps_its_content_under_a_name_that_nobody_reads(tmp_path: Path) -> None:
    one, two = tmp_path / "one.list", tmp_path / "a b.list"
    one.write_text("deb x")
    two.write_text("deb y")
    paths = (str(one), str(two), str(tmp_path / "gone.list"))
    (command,), _ = commands(set_aside, there(*paths[:2]), paths=paths)
    assert run(command).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"a b.list{END}", f"one.list{END}"]
    assert Path(f"{two}{END}").read_text() == "deb y"
