"""Stored weights and a fetch on its way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from firstlight.facts.weights import Fetching, FetchProgress, Stored, StoredWeights
from tests.facts.shell import gather
from tests.stubs import Stubs

MARKER = ".firstlight.json"


def stored(folder: Path) -> Stored:
    found: Stored = gather(StoredWeights, folder=str(folder), marker=MARKER)
    return found


def lay(folder: Path, **changes: Any) -> Path:
    (folder / "sub dir").mkdir(parents=True)
    (folder / "a.gguf").write_bytes(b"12345")
    (folder / "sub dir/b.json").write_bytes(b"{}")
    files = {"a.gguf": {"size": 5}, "sub dir/b.json": {"size": 2}}
    marker = {"repo": "o/n", "revision": "r", "files": files, **changes}
    (folder / MARKER).write_text(json.dumps(marker, indent=1) + "\n")
    return folder


def test_complete(tmp_path: Path) -> None:
    found = stored(lay(tmp_path / "weights of o"))
    assert found.complete("o/n", "r")
    assert not found.complete("o/n", "another")
    assert not found.complete("other/n", "r")


def test_a_file_that_is_short_or_gone(tmp_path: Path) -> None:
    folder = lay(tmp_path / "w")
    (folder / "a.gguf").write_bytes(b"1234")
    assert not stored(folder).complete("o/n", "r")
    (folder / "a.gguf").unlink()
    assert not stored(folder).complete("o/n", "r")


def test_a_torn_marker_is_none(tmp_path: Path) -> None:
    folder = lay(tmp_path / "w")
    marker = folder / MARKER
    whole = marker.read_text()
    for length in (0, 1, len(whole) // 2, len(whole) - 3):
        marker.write_text(whole[:length])
        assert not stored(folder).complete("o/n", "r"), length
    marker.unlink()
    assert stored(folder).marker == {}


@pytest.mark.parametrize("files", [None, [], ["a.gguf"], {"a.gguf": None}, {"a.gguf": {}}, 5, {}])
def test_a_marker_of_another_shape_is_none(tmp_path: Path, files: object) -> None:
    assert not stored(lay(tmp_path / "w", files=files)).complete("o/n", "r")


def test_nothing_there(tmp_path: Path) -> None:
    assert stored(tmp_path / "absent") == Stored()


@pytest.mark.parametrize("garbage", [[""], ["files", "x y"], ["marker"], ["files", "", "\xff"]])
def test_garbage_never_raises(garbage: list[str]) -> None:
    assert not StoredWeights().process(garbage).complete("o/n", "r")
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
    assert found.bytes >= 100_000
    assert found.words == "the disk is too small\n  fix: make room"
    # Only the words of this start: those of a former one would mislead.
    assert any("_SYSTEMD_INVOCATION_ID=abc" in call for call in stubs.calls("journalctl"))
