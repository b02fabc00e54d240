"""A run of the real pyinfra command finds the inventory's file, and so the lock beside it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from firstlight import adapter
from firstlight.lock.file import write
from firstlight.lock.pins import pins
from firstlight.lock.section import Lock, Section

BIN = Path(sys.executable).parent
DEPLOY = """\
from firstlight import adapter
from firstlight.lock.pins import pins
lock = pins(adapter.inventory_file())
print("FOUND", lock and f"{lock.section.packages} {lock.command}")
"""
LINES: dict[str, tuple[list[str], str]] = {
    "a file": (["site/inventories/prod.py"], "site/inventories/prod.py"),
    "a file behind options": (
        ["--data", "x=1", "--limit", "@fake/gpu1", "-v", "./site/inventories/prod.py"],
        "site/inventories/prod.py",
    ),
    "another folder": (["--chdir", "site", "inventories/prod.py"], "inventories/prod.py"),
    "a host": (["@fake/gpu1"], ""),
    "hosts": (["@fake/gpu1,@fake/gpu2"], ""),
}


@pytest.mark.parametrize("case", LINES)
def test_what_pyinfra_was_told(tmp_path: Path, case: str) -> None:
    folder = tmp_path / "site/inventories"
    folder.mkdir(parents=True)
    (folder / "prod.py").write_text('gpu = ["@fake/gpu1", "@fake/gpu2"]\n')
    write(folder / "firstlight.lock", Lock(inventories={"prod.py": Section(packages={"a": "1"})}))
    (tmp_path / "deploy.py").write_text(DEPLOY)
    words, expected = LINES[case]
    deploy = "../deploy.py" if "--chdir" in words else "deploy.py"
    done = subprocess.run(
        [BIN / "pyinfra", "--dry", *words, deploy],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = f"{{'a': '1'}} firstlight lock {expected}" if expected else "None"
    found = {line for line in done.stdout.splitlines() if line.startswith("FOUND")}
    assert found == {f"FOUND {said}"}


def test_outside_of_pyinfras_command_there_is_no_inventory_file() -> None:
    assert adapter.inventory_file() is None
    assert pins(None) is None
