"""The files operation: what it leaves alone, what it writes, what it shows."""

from __future__ import annotations

import base64
import io
import tarfile
from pathlib import Path

import pytest

from firstlight import adapter
from firstlight.facts.files import Contents, PathState, PathStates
from firstlight.operations.files import Directory, File, files
from firstlight.secret import Secret
from tests.operations.play import commands, converged, run

CONF = File("/etc/x/x.conf", "value 1\n")
KEY = File("/etc/x/key", Secret("tok3n"), "600")
FOLDER = Directory("/etc/x", "750")
ITEMS = (FOLDER, CONF, KEY)


def on_host(*items: File | Directory) -> dict[type, object]:
    return {PathStates: {item.path: item.state for item in items}}


def written(stdin: str) -> list[bytes]:
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(stdin))) as tar:
        found = [tar.extractfile(member) for member in tar.getmembers()]
        return [file.read() for file in found if file]


def test_nothing_to_do() -> None:
    assert converged(files, on_host(*ITEMS), items=ITEMS)


@pytest.mark.parametrize(
    "drifted",
    [
        File(CONF.path, "value 2\n"),
        File(CONF.path, "value 1\n", "600"),
        File(CONF.path, "value 1\n", "644", "nobody"),
        Directory(CONF.path),
    ],
)
def test_only_what_drifted_is_written(drifted: File | Directory) -> None:
    found, _ = commands(files, on_host(FOLDER, drifted, KEY), items=ITEMS)
    assert len(found) == 1
    assert written(found[0].connector_arguments["_stdin"]) == [b"value 1\n"]
    assert CONF.path in found[0].get_raw_value()
    assert KEY.path not in found[0].get_raw_value()


def test_a_link_in_place_of_a_file_is_replaced() -> None:
    facts = {PathStates: {CONF.path: PathState("link", "-", "-", "-", "-")}}
    assert len(commands(files, facts, items=(CONF,))[0]) == 1


@pytest.mark.parametrize("have", [{}, None])
def test_a_bare_host_gets_everything_in_one_command(have: dict[str, PathState] | None) -> None:
    found, _ = commands(files, {PathStates: have}, items=ITEMS)
    assert len(found) == 1
    assert written(found[0].connector_arguments["_stdin"]) == [b"", b"value 1\n", b"tok3n"]


def test_what_shall_be_absent_goes(tmp_path: Path) -> None:
    stale, kept = tmp_path / "old file", tmp_path / "kept"
    stale.mkdir()
    (stale / "inner").touch()
    kept.touch()
    assert converged(files, on_host(CONF), items=(CONF,), absent=(str(stale),))
    facts = {PathStates: {str(stale): Directory(str(stale)).state}}
    (removal,), _ = commands(files, facts, items=(), absent=(str(stale),))
    assert run(removal).returncode == 0
    assert not stale.exists()
    assert kept.exists()


def test_a_difference_shows_texts_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(adapter, "wants_diff", lambda _state: True)
    monkeypatch.setattr(adapter, "say", said.append)
    private = File("/etc/x/private", "not-for-all", "640")
    program = File("/opt/x.pyz", b"PK\x03\x04\0binary")
    facts = {PathStates: {}, Contents: {CONF.path: "value 0\n"}}
    commands(files, facts, items=(CONF, KEY, private, program))
    text = "\n".join(said)
    assert "-value 0" in text and "+value 1" in text
    assert "tok3n" not in text and "not-for-all" not in text
    for path in (KEY.path, private.path, program.path):
        assert path in text


def test_nothing_is_shown_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(adapter, "wants_diff", lambda _state: True)
    monkeypatch.setattr(adapter, "say", said.append)
    commands(files, {PathStates: {}}, executing=True, items=(CONF,))
    assert said == []
