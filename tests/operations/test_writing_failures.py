"""The command that writes files, when something goes wrong or two write at once."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator

import pytest

from firstlight.operations.files import writing
from tests.operations.play import recorded_here
from tests.operations.writer import STAGES, Writer

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


@pytest.mark.parametrize("check", ["false", "grep -q absent 0; true", "exit 7"])
def test_nothing_is_replaced_when_the_check_fails(writer: Writer, check: str) -> None:
    writer.path("x").write_text("old")
    items = [writer.file("x", "new"), writer.file("y", "new")]
    assert writer.write(items, check).returncode != 0
    assert writer.path("x").read_text() == "old"
    assert not writer.path("y").exists()
    assert writer.left_over() == []


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.9])
def test_a_transfer_that_was_cut_off_changes_nothing(writer: Writer, kept: float) -> None:
    writer.path("x").write_text("old")
    items = [writer.file("x", os.urandom(50_000)), writer.file("y", os.urandom(50_000))]
    whole = writing(items).connector_arguments["_stdin"]
    done = writer.write(items, stdin=whole[: int(len(whole) * kept)])
    assert done.returncode != 0
    assert writer.path("x").read_text() == "old"
    assert not writer.path("y").exists()
    assert writer.left_over() == []


@pytest.fixture
def small_disk(writer: Writer) -> Iterator[None]:
    """The host's disk holds 256 KiB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(writer.folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("cannot mount a tmpfs here")
    yield
    subprocess.run(["umount", str(writer.folder)], check=True)


@needs_root
@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_changes_nothing(writer: Writer) -> None:
    writer.path("x").write_text("old")
    items = [writer.file("x", "new"), writer.file("y", os.urandom(500_000))]
    assert writer.write(items).returncode != 0
    assert writer.path("x").read_text() == "old"
    assert not writer.path("y").exists()
    # The disk is not left full either.
    assert writer.left_over() == []


def test_two_runs_at_once_write_one_after_the_other(writer: Writer) -> None:
    """The drafts of one file have one name: neither run may rename or remove the other's."""
    entered, going = writer.stages.parent / "entered", writer.stages.parent / "going"
    slow = f'touch "{entered}"; while [ ! -e "{going}" ]; do sleep 0.02; done'
    text = [
        recorded_here(writing([writer.file("x", content)], check))
        for content, check in (("slow", slow), ("fast", ""))
    ]
    stdin = [
        writing([writer.file("x", content)]).connector_arguments["_stdin"]
        for content in ("slow", "fast")
    ]
    started: list[subprocess.Popen[str]] = []
    try:
        for number in range(2):
            command = text[number].replace(STAGES, str(writer.stages))
            process = subprocess.Popen(["sh", "-c", command], stdin=subprocess.PIPE, text=True)
            started.append(process)
            assert process.stdin is not None
            process.stdin.write(stdin[number])
            process.stdin.close()
            end = time.monotonic() + 20
            while not entered.exists() and time.monotonic() < end:
                time.sleep(0.02)
        time.sleep(0.3)
        assert started[1].poll() is None  # it waits
        going.touch()
        assert [process.wait(20) for process in started] == [0, 0]
    finally:
        for process in started:
            process.kill()
            process.wait()
    assert writer.path("x").read_text() == "fast"
    assert writer.left_over() == []


def test_a_run_that_fails_leaves_another_ones_drafts(writer: Writer) -> None:
    draft = writer.path("x.firstlight-new")
    draft.write_text("another run's")
    assert writer.write([writer.file("x", "y")], stdin="nonsense").returncode != 0
    assert draft.exists()
