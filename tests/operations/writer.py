"""Writes files here by the very command that writes them on a host."""

from __future__ import annotations

import getpass
import grp
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from firstlight.operations.files import Directory, File, writing
from firstlight.secret import Secret
from tests.operations.play import run

ME, MINE = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name
STAGES = "/run/firstlight"


class Writer:
    """``folder`` is the host's disk, ``stages`` stands for /run/firstlight."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "disk"
        self.folder.mkdir()
        self.stages = tmp_path / "run/stages"

    def path(self, name: str) -> Path:
        return self.folder / name

    def file(self, name: str, content: str | bytes | Secret, mode: str = "644") -> File:
        return File(str(self.folder / name), content, mode, ME, MINE)

    def directory(self, name: str, mode: str = "755") -> Directory:
        return Directory(str(self.folder / name), mode, ME, MINE)

    def write(
        self, items: Sequence[File | Directory], check: str = "", **how: Any
    ) -> subprocess.CompletedProcess[str]:
        command = writing(items, check)
        return run(command, instead={STAGES: self.stages}, **how)

    def left_over(self) -> list[str]:
        """Return unfinished files and stages that still lie about."""
        stages = list(self.stages.glob("stage.*")) if self.stages.exists() else []
        return [str(path) for path in [*stages, *self.folder.rglob("*.firstlight-new")]]


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    return Writer(tmp_path)
