"""What stands at a path, read on this machine."""

from __future__ import annotations

import getpass
import grp
import hashlib
import os
from pathlib import Path

import pytest

from firstlight.facts.files import Contents, PathState, PathStates
from tests.facts.shell import gather

ME, MINE = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name


def states(*paths: Path) -> dict[str, PathState]:
    found: dict[str, PathState] = gather(PathStates, paths=tuple(str(path) for path in paths))
    return found


def make(path: Path, content: bytes = b"x", mode: int = 0o640) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_each_kind_is_told_apart(tmp_path: Path) -> None:
    file = make(tmp_path / "file", b"content")
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o750)
    link, dangling, pipe = tmp_path / "link", tmp_path / "dangling", tmp_path / "pipe"
    link.symlink_to(file)
    dangling.symlink_to(tmp_path / "nowhere")
    os.mkfifo(pipe)
    found = states(file, folder, link, dangling, pipe, tmp_path / "absent")
    digest = hashlib.sha256(b"content").hexdigest()
    assert found[str(file)] == PathState("file", "640", ME, MINE, digest)
    assert found[str(folder)] == PathState("directory", "750", ME, MINE, "-")
    # A link is never taken for the file that it leads to.
    assert found[str(link)].kind == found[str(dangling)].kind == "link"
    assert found[str(pipe)].kind == "other"
    assert str(tmp_path / "absent") not in found


@pytest.mark.parametrize(
    "name",
    [
        "two words",
        "it's",
        'a "quoted" name',
        "$HOME",
        "`id`",
        "a\\tb\\c",
        "-n",
        "späß",
        "*",
        "; id",
    ],
)
def test_odd_names(tmp_path: Path, name: str) -> None:
    path = make(tmp_path / name)
    assert list(states(path)) == [str(path)]


def test_a_name_with_a_newline_never_speaks_for_another(tmp_path: Path) -> None:
    plain = make(tmp_path / "a", b"one")
    broken = make(tmp_path / "a\nb", b"two")
    for order in ((plain, broken), (broken, plain)):
        found = states(*order)
        assert found[str(plain)].sha256 == hashlib.sha256(b"one").hexdigest()


def test_setuid_and_sticky_bits_are_seen(tmp_path: Path) -> None:
    path = make(tmp_path / "x", mode=0o4755)
    assert states(path)[str(path)].mode == "4755"


def test_garbage_is_passed_over() -> None:
    assert PathStates().process(["", "sudo: unable to resolve host", "file 644", "\x00\xff"]) == {}


def test_contents_come_back_as_they_are(tmp_path: Path) -> None:
    one = make(tmp_path / "one", b"=== looks like a header\n\n indented\n")
    two = make(tmp_path / "two words", b"last line without an end")
    found = gather(Contents, paths=(str(one), str(two), str(tmp_path / "absent")))
    assert found[str(one)] == "=== looks like a header\n\n indented\n"
    assert found[str(two)].rstrip("\n") == "last line without an end"
    assert set(found) == {str(one), str(two)}
