"""A site's CA, openssl to judge it, and a clock that can be set."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from firstlight import certificate, host_ca, pki, root_files
from firstlight.pki import Authority


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ca"


@pytest.fixture
def authority(folder: Path) -> Authority:
    return Authority.load_or_create(folder, "lab")


@pytest.fixture
def openssl() -> Callable[..., str]:
    """Run openssl and return what it says."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")

    def run(*arguments: str) -> str:
        command = [program, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        return done.stdout + done.stderr

    return run


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Let certificates be made and judged at another time."""

    def at(now: datetime) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                return now

        for module in (certificate, host_ca, pki, root_files):
            monkeypatch.setattr(module, "datetime", Clock)

    return at
