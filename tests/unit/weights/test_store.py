"""The store on a host: files shared, mended, listed, checked, and rid of what nobody uses."""

from __future__ import annotations

import errno
import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from firstlight.weights import fetch as program
from firstlight.weights.blobs import BLOBS, WHOLE, held
from firstlight.weights.collect import collected, waste
from firstlight.weights.contents import Places, contents, verify
from firstlight.weights.fetch import fetch
from firstlight.weights.hub import Hub
from firstlight.weights.wanted import FetchError, Wanted
from tests.unit.weights.conftest import CONTENT, SmallHub

BIG, SMALL = "model.safetensors", "config.json"
Job = dict[str, Any]


@pytest.fixture
def places(job: Job, tmp_path: Path) -> Places:
    """The store of the job, on a host with nothing else."""
    found = Places(
        Path(job["folder"]).parent, tmp_path / "jobs", tmp_path / "units", tmp_path / "kept"
    )
    for folder in (found.jobs, found.units, found.kept):
        folder.mkdir()
    (found.store / ".incoming").mkdir()
    (found.store / ".incoming/.lock").touch()
    return found


def rot(path: Path) -> None:
    """Change a byte the way a disk does: in place, with the length and all links as they were."""
    with path.open("r+b") as stream:
        stream.write(b"#")


def checked(places: Places) -> tuple[list[str], str]:
    said: list[str] = []
    try:
        verify(places, said.append, lambda _: None)
    except FetchError as refusal:
        return said, str(refusal)
    return said, ""


def names(found: list[Any]) -> set[str]:
    return {Path(each.path).name for each in found}


def test_a_second_revision_brings_only_what_is_new(job: Job, hub: SmallHub) -> None:
    fetch(job, None)
    for name, content in {**CONTENT, SMALL: b'{"a": 2}'}.items():
        path = hub.root / "repos/org/open/next" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    hub.reload()
    hub.asked.clear()
    later = {**job, "source": f"hf://org/open@{hub.revision('org/open', 'next')}"}
    later["folder"] = job["folder"] + "y"
    fetch(later, None)
    assert [path for path, _ in hub.asked] == [SMALL]
    assert (Path(later["folder"]) / BIG).samefile(Path(job["folder"]) / BIG)
    assert (Path(later["folder"]) / SMALL).read_bytes() == b'{"a": 2}'


def test_the_same_file_by_another_way(job: Job, hub: SmallHub) -> None:
    fetch(job, None)
    source = hub.root / "repos/org/open/main" / BIG
    digest = hashlib.sha256(CONTENT[BIG]).hexdigest()
    other = {**job, "source": f"file://{source}@sha256:{digest}", "folder": job["folder"] + "f"}
    fetch(other, None)
    assert (Path(other["folder"]) / BIG).samefile(Path(job["folder"]) / BIG)


def test_a_blob_that_rotted_is_not_handed_on(job: Job, hub: SmallHub) -> None:
    fetch(job, None)
    rot(Path(job["folder"]) / BIG)
    other = {**job, "folder": job["folder"] + "2"}
    fetch(other, None)
    assert (Path(other["folder"]) / BIG).read_bytes() == CONTENT[BIG]


def test_what_is_corrupt_is_named_and_only_that_is_mended(
    job: Job, hub: SmallHub, places: Places
) -> None:
    fetch(job, None)
    assert checked(places) == ([f"{Path(job['folder']).name}: right"], "")
    other = {**job, "folder": job["folder"] + "2"}
    fetch(other, None)
    rot(Path(job["folder"]) / BIG)  # both folders have it
    _, words = checked(places)
    assert words.count(BIG) == 2 and "models pull" in words and SMALL not in words
    assert [each.complete for each in contents(places)] == [False, False]
    hub.asked.clear()
    inode = (Path(job["folder"]) / SMALL).stat().st_ino
    for each in (job, other):
        fetch(each, None)
    assert [path for path, _ in hub.asked] == [BIG]
    assert (Path(job["folder"]) / SMALL).stat().st_ino == inode
    assert checked(places)[1] == ""
    assert [each.complete for each in contents(places)] == [True, True]


def test_a_folder_without_its_marker_is_not_right(job: Job, hub: SmallHub, places: Places) -> None:
    fetch(job, None)
    (Path(job["folder"]) / job["marker"]).unlink()  # as a pull does first
    assert "not complete" in checked(places)[1]


def test_what_is_listed(job: Job, hub: SmallHub, places: Places) -> None:
    fetch(job, None)
    hub.fault(cut_at={BIG: 100_000})
    partial = {**job, "folder": job["folder"] + "2"}
    Path(job["folder"], BIG).unlink()
    for blob in places.store.joinpath(BLOBS).iterdir():
        blob.unlink()
    with pytest.raises(FetchError):
        fetch(partial, None)
    (places.jobs / "small.json").write_text(json.dumps(job))
    unit = places.units / "firstlight-engine-small.service"
    unit.write_text(f"ExecStart=docker run --volume {job['folder']}:/models/small:ro\n")
    first, second = contents(places)
    assert (first.complete, first.models, first.used_by) == (False, ["small"], [unit.name])
    assert first.source == job["source"] and first.bytes < len(CONTENT[BIG])
    assert second.incoming and second.bytes > 0 and not second.used_by


def test_only_what_nobody_uses_goes(job: Job, places: Places) -> None:
    for end in ("unit", "kept", "dropin", "job", "plan", "none", "free"):
        fetch({**job, "folder": job["folder"] + end}, None)
    (places.units / "firstlight-engine-a.service").write_text(f"--volume {job['folder']}unit:/m:ro")
    (places.units / "firstlight-engine-b.service.d").mkdir()
    (places.units / "firstlight-engine-b.service.d/x.conf").write_text(f"{job['folder']}dropin")
    (places.kept / "a").mkdir()
    (places.kept / "a/previous.service").write_text(f"--volume {job['folder']}kept:/m:ro")
    (places.jobs / "x.json").write_text(json.dumps({**job, "folder": job["folder"] + "job"}))
    keep = [Path(job["folder"]).name + "plan"]
    ends = {Path(job["folder"]).name + end for end in ("none", "free")}
    found = waste(places, keep)
    assert names(found) == ends
    assert sum(each.bytes for each in found) < 3000  # the files themselves are others' too
    assert names(collected(places, keep)) == ends
    assert not [path for path in places.store.iterdir() if path.name in ends]
    assert waste(places, keep) == []
    assert checked(places)[1] == ""


def test_blobs_go_with_the_last_folder(job: Job, places: Places) -> None:
    fetch(job, None)
    fetch({**job, "folder": job["folder"] + "2"}, None)
    size = sum(len(CONTENT[name]) for name in CONTENT if name != "README.md")
    found = collected(places, [])
    assert size < sum(each.bytes for each in found) < size + 3000
    assert [path.name for path in places.store.rglob("*") if path.is_file()] == [".lock"]


def test_nothing_goes_while_something_comes(job: Job, places: Places) -> None:
    fetch(job, None)
    with held(places.store / ".incoming/.lock", WHOLE) as alone:
        assert alone
        with pytest.raises(FetchError, match="being fetched"):
            collected(places, [])
    assert Path(job["folder"]).is_dir()


def test_a_disk_that_fills_up(job: Job, hub: SmallHub, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(self: Hub, want: Any, path: Path) -> None:
        path.write_bytes(CONTENT[BIG][:1000])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Hub, "download", no_room)
        with pytest.raises(FetchError, match="filled up") as refusal:
            fetch(job, None)
    assert "GB needed" in str(refusal.value) and "models gc" in str(refusal.value)
    assert not Path(job["folder"]).exists()
    fetch(job, None)
    assert (Path(job["folder"]) / BIG).read_bytes() == CONTENT[BIG]


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "a//b", ".firstlight.json", ""])
def test_a_source_leads_nowhere_else(job: Job, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(Hub, "look_up", lambda _: [Wanted(path, 1, "sha256:" + "0" * 64)])
    with pytest.raises(FetchError, match="is not fetched"):
        fetch(job, None)


def test_blobs_need_no_room(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch(job, None)
    monkeypatch.setattr(program.shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    fetch({**job, "folder": job["folder"] + "2"}, None)
