"""What is written is recorded when it is written: run here, by the commands of a host."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

import pytest

from firstlight import manifest
from firstlight.operations.commands import script
from firstlight.operations.files import REMOVE
from tests.operations.play import run
from tests.operations.writer import Writer
from tests.stubs import Stubs

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="writes as root")


@pytest.fixture
def records(tmp_path: Path) -> Path:
    folder = tmp_path / "records"
    folder.mkdir()
    (folder / "taken").write_text("first 2026-01-01")
    return folder


def write(writer: Writer, records: Path, *items: object, check: str = "") -> int:
    from firstlight.operations.files import writing

    stages = {"/run/firstlight": writer.stages, manifest.FOLDER: records}
    return run(writing(items, check), instead=stages).returncode  # type: ignore[arg-type]


def entries(records: Path, writer: Writer) -> dict[str, str]:
    lines = [line.split("\t") for line in (records / "files").read_text().splitlines()]
    assert len({path for _, path in lines}) == len(lines)
    return {path.removeprefix(f"{writer.folder}/"): was for was, path in lines}


def test_what_was_not_there_is_noted_with_the_folders_made_for_it(
    writer: Writer, records: Path
) -> None:
    assert write(writer, records, writer.file("a/b/new", "1"), writer.directory("d")) == 0
    assert entries(records, writer) == {"a": "-", "a/b": "-", "a/b/new": "-", "d": "-"}
    assert stat.S_IMODE((records / "files").stat().st_mode) == 0o600


def test_a_foreign_file_is_kept_as_it_was_and_only_the_first_time(
    writer: Writer, records: Path
) -> None:
    writer.path("theirs").write_text("theirs")
    writer.path("theirs").chmod(0o640)
    for content in ("ours", "ours again"):
        assert write(writer, records, writer.file("theirs", content)) == 0
    kept = Path(f"{records}/originals{writer.path('theirs')}")
    assert kept.read_text() == "theirs" and stat.S_IMODE(kept.stat().st_mode) == 0o640
    assert entries(records, writer) == {"theirs": "kept"}


def test_the_mode_of_a_folder_that_was_there(writer: Writer, records: Path) -> None:
    writer.path("d").mkdir(mode=0o711)
    assert write(writer, records, writer.directory("d", "750")) == 0
    assert entries(records, writer)["d"].startswith("711 ")


def test_a_folder_of_our_name_is_noted_and_not_what_is_in_it(writer: Writer, records: Path) -> None:
    items = [writer.directory("firstlight"), writer.file("firstlight/secret", "1")]
    assert write(writer, records, *items) == 0
    assert entries(records, writer) == {"firstlight": "-"}
    assert not (records / "wrote").exists()


def test_two_checksums_of_a_path_are_known_and_no_more(writer: Writer, records: Path) -> None:
    """A cut between the record and the rename leaves the file of before: that is ours as well."""
    for content in ("1", "2", "3", "3"):
        assert write(writer, records, writer.file("x", content), writer.file("y", "y")) == 0
    sums = [line.split("  ")[1] for line in (records / "wrote").read_text().splitlines()]
    assert sorted(Path(path).name for path in sums) == ["x", "x", "y"]


def test_a_refused_file_changes_nothing_but_the_record(writer: Writer, records: Path) -> None:
    writer.path("x").write_text("theirs")
    assert write(writer, records, writer.file("x", "ours"), check="false") != 0
    assert writer.path("x").read_text() == "theirs"
    assert entries(records, writer) == {"x": "kept"}
    assert not (records / "wrote").exists()


def test_what_is_refused_does_not_push_out_what_stands_there(writer: Writer, records: Path) -> None:
    assert write(writer, records, writer.file("x", "ours")) == 0
    known = (records / "wrote").read_text()
    for content in ("1", "2"):
        assert write(writer, records, writer.file("x", content), check="false") != 0
    assert (records / "wrote").read_text() == known


def test_on_a_host_that_came_too_late_nothing_is_taken_for_an_original(
    writer: Writer, records: Path
) -> None:
    (records / "taken").write_text("late 2026-01-01")
    writer.path("x").write_text("perhaps ours")
    assert write(writer, records, writer.file("x", "ours"), writer.file("new", "")) == 0
    assert entries(records, writer) == {"x": "late", "new": "-"}
    assert not (records / "originals").exists()


@needs_root
def test_what_is_removed_is_kept_with_all_in_it(writer: Writer, records: Path) -> None:
    writer.path("folder").mkdir()
    writer.path("folder/file").write_text("theirs")
    done = run(script(REMOVE, str(writer.path("folder"))), instead={manifest.FOLDER: records})
    assert done.returncode == 0 and not writer.path("folder").exists()
    assert Path(f"{records}/originals{writer.path('folder')}/file").read_text() == "theirs"
    assert entries(records, writer) == {"folder": "kept"}


STATUS = 'cat "{folder}/status" 2>/dev/null'
INSTALL = 'echo "installed new" >>{status}; echo "user made" >>{status}; exit {code}'


@pytest.mark.parametrize("code", [0, 7])
def test_what_an_installation_moved_is_recorded_also_when_it_fails(
    tmp_path: Path, records: Path, code: int
) -> None:
    status = shlex.quote(str(tmp_path / "status"))
    (tmp_path / "status").write_text("installed old\nauto old\n")
    text = manifest.installing(INSTALL.format(status=status, code=code))
    text = text.replace("(\necho", f"package_state() {{ cat {status}; }}\n(\necho", 1)
    text = text.replace("begin; packages_before\n", "")
    text = text.replace("(\necho", "begin; packages_before\n(\necho", 1)
    done = run(script(text), instead={manifest.FOLDER: records})
    assert done.returncode == code, done.stderr
    found = (records / "packages").read_text().splitlines()
    assert found == ["+installed new", "+user made"]
    assert not (records / "packages.before").exists()


def test_an_installation_that_was_cut_off_is_recorded_by_the_next(
    tmp_path: Path, records: Path
) -> None:
    status = tmp_path / "status"
    status.write_text("installed cut\ninstalled old\n")
    (records / "packages.before").write_text("installed old\n")
    text = manifest.RECORDING + manifest.PACKAGES
    text += (
        f"package_state() {{ cat {shlex.quote(str(status))}; }}\npackages_before; packages_after"
    )
    assert run(script(text), instead={manifest.FOLDER: records}).returncode == 0
    assert (records / "packages").read_text() == "+installed cut\n"


def test_the_host_is_taken_down_once_before_the_first_change(tmp_path: Path, stubs: Stubs) -> None:
    for name in ("dpkg-query", "systemctl", "ss", "nft", "find", "sync"):
        stubs.add(name, f"echo {name} $RANDOM")
    folder = tmp_path / "var" / "manifest"
    texts = []
    for _ in range(2):
        done = run(
            script(manifest.recorded('noted "image x"; noted "image x"')),
            stubs.env,
            {manifest.FOLDER: folder, "/etc/firstlight": tmp_path / "none"},
        )
        assert done.returncode == 0, done.stderr
        texts.append((folder / "before").read_text())
    assert texts[0] == texts[1] and "interface lo" in texts[0]
    assert (folder / "taken").read_text().startswith("first ")
    assert (folder / "things").read_text() == "image x\n"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.parent.iterdir()] == ["manifest"]
