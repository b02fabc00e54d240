"""The program that holds ``systemctl start`` back until the engine answers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from firstlight.rendering import TEMPLATES
from tests.stubs import Stubs

PROGRAM = TEMPLATES / "usr/local/lib/firstlight/await-engine"


@pytest.fixture
def engine() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def wait(stubs: Stubs, pid: int) -> subprocess.CompletedProcess[str]:
    argv = ["sh", str(PROGRAM), "http://127.0.0.1:1/health", str(pid)]
    return subprocess.run(
        argv, env=stubs.env, capture_output=True, text=True, timeout=20, check=False
    )


def test_waits_until_it_answers(stubs: Stubs, engine: subprocess.Popen[bytes]) -> None:
    stubs.add("curl", f'[ "$(wc -l <"{stubs.folder.parent}/calls")" -ge 3 ]')
    assert wait(stubs, engine.pid).returncode == 0
    assert len(stubs.calls("curl")) == 3


def test_fails_as_soon_as_it_has_ended(stubs: Stubs, engine: subprocess.Popen[bytes]) -> None:
    stubs.add("curl", "exit 7")
    engine.kill()
    engine.wait()
    began = time.monotonic()
    done = wait(stubs, engine.pid)
    assert done.returncode == 1
    assert "ended before it answered" in done.stderr
    assert time.monotonic() - began < 5
