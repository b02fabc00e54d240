"""Weights come whole and checked or not at all, and what was cut off is continued."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub.constants
import huggingface_hub.file_download
import pytest

from firstlight.facts.weights import Stored
from firstlight.weights import fetch as program
from firstlight.weights.fetch import fetch
from firstlight.weights.wanted import FetchError
from tests.unit.weights.conftest import CONTENT, TOKEN, SmallHub

WANTED = {"model.safetensors", "config.json", "sub/tokenizer.json"}
BIG = "model.safetensors"
Job = dict[str, Any]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library waits between its own tries; tests do not."""
    pause = SimpleNamespace(**{**vars(huggingface_hub.file_download.time), "sleep": lambda _: None})
    monkeypatch.setattr(huggingface_hub.file_download, "time", pause)
    # Written by chunks of 10 MB, of which an unfinished one is lost: more than these files have.
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 10_000)


def visible(job: Job) -> set[str]:
    folder = Path(job["folder"])
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def arrived(job: Job, name: str) -> Path:
    return Path(job["incoming"]) / Path(job["folder"]).name / name


def test_whole(job: Job) -> None:
    assert fetch(job, None).startswith("3 files")
    assert visible(job) == WANTED | {job["marker"]}
    for name in WANTED:
        assert (Path(job["folder"]) / name).read_bytes() == CONTENT[name]
    # Another account, the engine's, has to be able to read them.
    for path in [Path(job["folder"]), *Path(job["folder"]).rglob("*")]:
        assert path.stat().st_mode & 0o005, path


def test_the_marker_is_what_the_host_looks_for(job: Job) -> None:
    fetch(job, None)
    marker = json.loads((Path(job["folder"]) / job["marker"]).read_text())
    stored = Stored(marker, {name: len(CONTENT[name]) for name in WANTED})
    assert stored.complete(job["source"])
    assert marker["files"][BIG]["checksum"] == f"sha256:{hashlib.sha256(CONTENT[BIG]).hexdigest()}"
    assert marker["files"]["config.json"]["checksum"].startswith("git:")


def test_cut_off_and_continued(job: Job, hub: SmallHub) -> None:
    hub.fault(cut_at={BIG: 100_000})
    with pytest.raises(FetchError, match="cut off"):
        fetch(job, None)
    assert not Path(job["folder"]).exists()
    got = arrived(job, BIG).stat().st_size
    assert 0 < got <= 100_000
    hub.fault()
    hub.asked.clear()
    fetch(job, None)
    assert hub.asked and dict(hub.asked).get(BIG) == f"bytes={got}-"
    assert (Path(job["folder"]) / BIG).read_bytes() == CONTENT[BIG]


def test_a_whole_file_is_not_asked_for_again(job: Job, hub: SmallHub) -> None:
    hub.fault(status={"config.json": 404})
    with pytest.raises(FetchError):
        fetch(job, None)
    assert arrived(job, BIG).stat().st_size == len(CONTENT[BIG])
    hub.fault()
    hub.asked.clear()
    fetch(job, None)
    assert (BIG, None) not in hub.asked


def test_a_part_that_was_damaged_is_fetched_anew(job: Job) -> None:
    part = arrived(job, BIG)
    part.parent.mkdir(parents=True)
    part.write_bytes(b"\0" * 1000)  # what a power cut can leave
    fetch(job, None)
    assert (Path(job["folder"]) / BIG).read_bytes() == CONTENT[BIG]


def test_a_part_that_is_too_long_is_fetched_anew(job: Job) -> None:
    part = arrived(job, BIG)
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[BIG] + b"more")
    fetch(job, None)
    assert (Path(job["folder"]) / BIG).read_bytes() == CONTENT[BIG]


def test_wrong_bytes_are_refused_and_deleted(job: Job, hub: SmallHub) -> None:
    hub.fault(corrupt=[BIG])
    with pytest.raises(FetchError, match="wrong checksum"):
        fetch(job, None)
    assert not arrived(job, BIG).exists()
    assert visible(job) == set()


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_the_operators_own_checksum_wins(job: Job, name: str) -> None:
    pinned = {**job, "sha256": {name: "0" * 64}}
    with pytest.raises(FetchError, match="wrong checksum"):
        fetch(pinned, None)
    assert visible(job) == set()
    fetch({**job, "sha256": {name: hashlib.sha256(CONTENT[name]).hexdigest()}}, None)
    assert BIG in visible(job)


def test_no_space_is_told_before_the_first_byte(
    job: Job, hub: SmallHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(free=program.SPARE_BYTES + 1000)
    monkeypatch.setattr(program.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(FetchError, match="too small"):
        fetch(job, None)
    assert hub.asked == []


def test_space_is_counted_for_what_is_missing_only(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = arrived(job, BIG)
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[BIG][:-100])
    usage = SimpleNamespace(free=program.SPARE_BYTES + 5000)
    monkeypatch.setattr(program.shutil, "disk_usage", lambda _: usage)
    fetch(job, None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": f"hf://org/open@{'f' * 40}"}, ["revision"]),
        ({"source": f"hf://org/none@{'f' * 40}"}, ["org/none", "hub_token"]),
        ({"include": ["*.gguf"]}, ["*.gguf", "README.md"]),
        ({"sha256": {"absent.bin": "0" * 64}}, ["absent.bin"]),
        ({"hub": "http://127.0.0.1:9"}, ["127.0.0.1:9", "network"]),
    ],
)
def test_what_cannot_be_had_is_refused(job: Job, change: Job, words: list[str]) -> None:
    with pytest.raises(FetchError) as refusal:
        fetch({**job, **change}, None)
    for word in (*words, "why:", "fix:"):
        assert word in str(refusal.value)
    assert visible(job) == set()


def test_gated_with_and_without_the_token(job: Job, hub: SmallHub) -> None:
    gated = {**job, "source": f"hf://org/gated@{hub.revision('org/gated')}"}
    for token in (None, "hf_wrong"):
        with pytest.raises(FetchError) as refusal:
            fetch(gated, token)
        assert "hf_wrong" not in str(refusal.value) and "hub_token" in str(refusal.value)
    assert visible(job) == set()
    fetch(gated, TOKEN)
    assert BIG in visible(job)


def test_the_marker_is_written_last(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    marker, seen = arrived(job, job["marker"]), list[bool]()
    one = program.fetch_one

    def watched(*arguments: Any) -> None:
        one(*arguments)
        seen.append(marker.exists() or Path(job["folder"]).exists())

    monkeypatch.setattr(program, "fetch_one", watched)
    fetch(job, None)
    assert seen == [False] * len(WANTED)


def test_a_visible_folder_without_its_marker_is_checked_again(job: Job, hub: SmallHub) -> None:
    fetch(job, None)
    folder = Path(job["folder"])
    (folder / job["marker"]).unlink()
    (folder / "config.json").write_bytes(b'{"a": 2}')
    hub.asked.clear()
    fetch(job, None)
    assert (folder / "config.json").read_bytes() == CONTENT["config.json"]
    assert (BIG, None) not in hub.asked
    shutil.rmtree(folder)
