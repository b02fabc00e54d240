"""The inventories that people start from: all that is wrong with them is what is to be filled in."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firstlight.settings import SettingsError, load_site

ROOT = Path(__file__).parents[2]
# pyinfra replaces the sockets and threads of a whole process: it reads in one of its own.
READ = """
import json
from pyinfra.api import State
from pyinfra.context import ctx_state
from pyinfra_cli.inventory import make_inventory_from_files
from firstlight import adapter
state = State()
state.cwd = "."
with ctx_state.use(state):
    made = make_inventory_from_files("inventory.py", cwd=".")
"""
DATA = "print(json.dumps(adapter.inventory_data(made)))"
# What the lock gives, and what `firstlight keys issue` makes.
LOCKED = {"models[0].revision", "models[0].image"}
KEYS = "edge.api_keys"
CA = 'docker.registries["registry.example.net"].ca'
Hosts = dict[str, tuple[dict[str, object], list[str]]]


def ran(program: str, folder: Path) -> Any:
    """Return what ``program`` says of the folder's inventory, ``made`` by pyinfra."""
    command = [sys.executable, "-c", READ + program]
    done = subprocess.run(
        command, check=False, cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def read(text: str, folder: Path) -> Hosts:
    """Return what pyinfra makes of an inventory."""
    (folder / "inventory.py").write_text(text)
    hosts: Hosts = ran(DATA, folder)
    return hosts


def rack(folder: Path) -> Hosts:
    return read((ROOT / "inventories/prod.py").read_text(), folder)


def workstation(folder: Path) -> Hosts:
    return read((ROOT / "inventories/workstation.py").read_text(), folder)


def itself(folder: Path) -> Hosts:
    """The workstation from itself, as the inventory's first lines say."""
    lines = (ROOT / "inventories/workstation.py").read_text().split('"""', 2)[2].splitlines()
    kept = [line for line in lines if '"ssh_' not in line]
    swapped = "\n".join(line if '"site"' in line else line.replace('"workstation"', '"@local"') for line in kept)  # fmt: skip
    return read(swapped, folder)


def vagrant(folder: Path) -> Hosts:
    """What pyinfra makes of @vagrant.json beside `vagrant status`."""
    said = json.loads((ROOT / "@vagrant.json").read_text())
    return {name: (data, said["groups"][name]) for name, data in said["data"].items()}


@pytest.mark.parametrize(
    ("hosts", "names", "left"),
    [
        (rack, 4, {*LOCKED, KEYS, CA}),
        (workstation, 1, LOCKED),
        (itself, 1, LOCKED),
        (vagrant, 2, {KEYS}),
    ],
)
def test_examples(
    hosts: Callable[[Path], Hosts], names: int, left: set[str], tmp_path: Path
) -> None:
    found = hosts(tmp_path)
    assert len(found) == names
    with pytest.raises(SettingsError) as raised:
        load_site(found, tmp_path)
    assert {each.key for each in raised.value.problems} == left, str(raised.value)
