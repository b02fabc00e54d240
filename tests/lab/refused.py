"""What a refused run has to be: non-zero, explained, without a traceback, without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.rack import Run, TestRack


def explained(run: Run, *words: str) -> None:
    """Assert that the run failed and that its text has all ``words`` and no traceback."""
    assert run.code != 0, run.text
    assert [word for word in words if word not in run.text] == [], run.text
    assert "Traceback" not in run.text


@contextmanager
def untouched(rack: TestRack, host: str = "lab1") -> Iterator[None]:
    """Assert that what is inside changes nothing on ``host`` and restarts nothing there."""
    before = rack.state_of(host)
    yield
    after = rack.state_of(host)
    assert after == before


@contextmanager
def moved_in(rack: TestRack, path: str, text: str) -> Iterator[None]:
    """While this lasts, ``path`` on lab1 reads ``text``; the file itself is not touched."""
    fake = "/run/moved-in"
    rack.sh("lab1", f"cat >{fake} <<'END'\n{text}\nEND\nmount --bind {fake} {path}")
    try:
        yield
    finally:
        rack.sh("lab1", f"umount {path}; rm -f {fake}")
