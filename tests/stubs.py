"""Programs that stand in for a host's own, and note how they were called."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest


class Stubs:
    """A folder of stub programs; in front of PATH in ``env``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "stub bin"
        self.folder.mkdir()
        self._log = folder / "calls"
        self._log.touch()
        self.env = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", "LC_ALL": "C"}

    def add(self, name: str, body: str = "") -> None:
        """Make ``name`` note its arguments and then do ``body`` (POSIX shell)."""
        note = f'echo "{name} $*" >>{shlex.quote(str(self._log))}'
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{note}\n{body}\n")
        path.chmod(0o755)

    def calls(self, *names: str) -> list[str]:
        """Return the calls so far, of ``names`` or of all stubs."""
        lines = self._log.read_text().splitlines()
        return [line for line in lines if not names or line.split(" ", 1)[0] in names]

    def forget(self) -> None:
        """Start the list of calls afresh."""
        self._log.write_text("")


@pytest.fixture
def stubs(tmp_path: Path) -> Stubs:
    return Stubs(tmp_path)
