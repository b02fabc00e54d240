"""Stored weights and a fetch on its way."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from firstlight.facts.weights import Fetching, FetchProgress, OnHost, Stored, StoredWeights
from tests.facts.shell import gather
from tests.stubs import Stubs

MARKER = ".firstlight.json"
SOURCE = "hf://o/n@r"


def stored(folder: Path) -> Stored:
    found: Stored = gather(StoredWeights, folder=str(folder), marker=MARKER)
    return found


def lay(folder: Path, **changes: Any) -> Path:
    (folder / "sub dir").mkdir(parents=True)
    (folder / "a.gguf").write_bytes(b"12345")
    (folder / "sub dir/b.json").write_bytes(b"{}")
    files = {"a.gguf": {"size": 5}, "sub dir/b.json": {"size": 2}}
    marker = {"source": SOURCE, "files": files, **changes}
    (folder / MARKER).write_text(json.dumps(marker, indent=1) + "\n")
    return folder


def test_complete(tmp_path: Path) -> None:
    found = stored(lay(tmp_path / "weights of o"))
    assert found.complete(SOURCE)
    assert not found.complete("hf://o/n@another")
    assert not found.complete("")


def test_a_file_that_is_short_or_gone(tmp_path: Path) -> None:
    folder = lay(tmp_path / "w")
    (folder / "a.gguf").write_bytes(b"1234")
    assert not stored(folder).complete(SOURCE)
    (folder / "a.gguf").unlink()
    assert not stored(folder).complete(SOURCE)


def test_a_torn_marker_is_none(tmp_path: Path) -> None:
    folder = lay(tmp_path / "w")
    marker = folder / MARKER
    whole = marker.read_text()
    for length in (0, 1, len(whole) // 2, len(whole) - 3):
        marker.write_text(whole[:length])
        assert not stored(folder).complete(SOURCE), length
    marker.unlink()
    assert stored(folder).marker == {}


@pytest.mark.parametrize("files", [None, [], ["a.gguf"], {"a.gguf": None}, {"a.gguf": {}}, 5, {}])
def test_a_marker_of_another_shape_is_none(tmp_path: Path, files: object) -> None:
    assert not stored(lay(tmp_path / "w", files=files)).complete(SOURCE)


def test_what_a_check_found_wrong_is_not_complete(tmp_path: Path) -> None:
    folder = lay(tmp_path / "w")
    (folder / ".firstlight.wrong.json").write_text('{"files": ["a.gguf"]}')
    assert not stored(folder).complete(SOURCE)


def test_a_marker_of_the_first_release_counts() -> None:
    """Else a newer firstlight would take it away, and want the hub, on every host."""
    revision = "1" * 40
    old = {"repo": "org/name", "revision": revision, "files": {"a.gguf": {"size": 3}}}
    found = Stored(old, {"a.gguf": 3})
    assert found.complete(f"hf://org/name@{revision}")
    assert not found.complete(f"hf://org/name@{'2' * 40}") and not found.complete("")


def test_nothing_there(tmp_path: Path) -> None:
    assert stored(tmp_path / "absent") == Stored()


@pytest.mark.parametrize("garbage", [[""], ["files", "x y"], ["marker"], ["files", "", "\xff"]])
def test_garbage_never_raises(garbage: list[str]) -> None:
    assert not StoredWeights().process(garbage).complete(SOURCE)
    assert FetchProgress().process([*garbage, "Bytes=many"]).bytes == 0


def test_a_fetch_on_its_way(stubs: Stubs, tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming/part").write_bytes(b"x" * 100_000)
    stubs.add(
        "systemctl",
        'case "$*" in *Invocation*) echo abc;; *) echo ActiveState=failed; echo Result=exit-code;; esac',
    )
    stubs.add("journalctl", 'echo "the disk is too small"; echo "  fix: make room"')
    found: Fetching = gather(
        FetchProgress, stubs.env, unit="u.service", incoming=str(tmp_path / "incoming")
    )
    assert (found.state, found.result) == ("failed", "exit-code")
    assert found.bytes >= 100_000 and found.total == 0
    assert found.words == "the disk is too small\n  fix: make room"
    # Only the words of this start: those of a former one would mislead.
    assert any("_SYSTEMD_INVOCATION_ID=abc" in call for call in stubs.calls("journalctl"))


def test_a_start_that_waits_has_not_ended() -> None:
    """After a boot it waits for the network: it is inactive then, and nothing has failed."""
    waits = FetchProgress().process(["ActiveState=inactive", "Result=success", "Job=812"])
    assert waits.state == "activating"
    for ended in ([], ["Job=0"], ["Job="]):
        assert FetchProgress().process(["ActiveState=inactive", *ended]).state == "inactive"


@pytest.mark.parametrize(("note", "told"), [("500", (500, 200)), ("500 30", (500, 30))])
def test_a_note_of_how_far_it_is(tmp_path: Path, stubs: Stubs, note: str, told: object) -> None:
    stubs.add("systemctl", "echo ActiveState=activating")
    stubs.add("journalctl", "")
    stubs.add("du", "echo 200")
    (tmp_path / "x.firstlight.progress").write_text(note)
    found = gather(FetchProgress, stubs.env, unit="u", incoming=str(tmp_path / "x"))
    assert (found.total, found.bytes) == told


def test_what_the_program_on_the_host_says(tmp_path: Path) -> None:
    program = tmp_path / "fetch.pyz"
    asked = {"python": sys.executable, "program": str(program), "words": ["list", "a b"]}
    assert gather(OnHost, **asked) == []
    program.write_text("import json, sys; print(json.dumps([{'argv': sys.argv[1:]}]))")
    assert gather(OnHost, **asked) == [{"argv": ["list", "a b"]}]
