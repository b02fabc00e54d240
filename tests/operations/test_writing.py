"""The command that writes files, run here: whole or not at all, private from the first byte."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstlight.operations.files import File, writing
from firstlight.secret import Secret
from tests.operations.play import recorded_here
from tests.operations.writer import STAGES, Writer

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root")
NAMES = ["plain", "two words", "it's", "a|b:c", "$HOME `id`", "späß", "-n", "back\\slash"]


def mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o7777:o}"


@pytest.mark.parametrize("name", NAMES)
def test_content_and_mode(writer: Writer, name: str) -> None:
    content = "first\n'quoted' \"too\" $HOME `id` \\ %s\n\nno end"
    assert writer.write([writer.file(name, content, "640")]).returncode == 0
    assert writer.path(name).read_text() == content
    assert mode(writer.path(name)) == "640"
    assert writer.left_over() == []


def test_bytes_survive(writer: Writer) -> None:
    content = bytes(range(256)) * 5000
    assert writer.write([writer.file("program", content, "755")]).returncode == 0
    assert writer.path("program").read_bytes() == content


def test_an_empty_file(writer: Writer) -> None:
    assert writer.write([writer.file("empty", Secret(""), "600")]).returncode == 0
    assert writer.path("empty").read_bytes() == b""


def test_many_items_in_order_and_missing_folders(writer: Writer) -> None:
    items = [
        writer.directory("a b", "750"),
        writer.file("a b/x", "1"),
        writer.file("deep/er/y", "2"),
    ]
    assert writer.write(items).returncode == 0
    assert mode(writer.path("a b")) == "750"
    assert writer.path("a b/x").read_text() == "1"
    # A folder that nobody asked for is as any other of the system, not private.
    assert mode(writer.path("deep")) == mode(writer.path("deep/er")) == "755"


def test_a_directory_gets_its_mode_back(writer: Writer) -> None:
    writer.path("d").mkdir(mode=0o777)
    assert writer.write([writer.directory("d", "700")]).returncode == 0
    assert mode(writer.path("d")) == "700"


def test_a_link_is_replaced_and_not_followed(writer: Writer) -> None:
    writer.path("real").write_text("theirs")
    writer.path("link").symlink_to(writer.path("real"))
    assert writer.write([writer.file("link", "ours")]).returncode == 0
    assert writer.path("real").read_text() == "theirs"
    assert not writer.path("link").is_symlink()


@needs_root
def test_owners(writer: Writer) -> None:
    items = [File(str(writer.path("x")), "1", "640", "nobody", "daemon")]
    assert writer.write(items).returncode == 0
    assert (writer.path("x").owner(), writer.path("x").group()) == ("nobody", "daemon")


def test_a_check_sees_the_files_by_position(writer: Writer) -> None:
    items = [writer.directory("d"), writer.file("d/x", "one"), writer.file("y", "two")]
    check = 'grep -q one 1; test "$(cat 2)" = two'
    assert writer.write(items, check).returncode == 0
    assert writer.path("y").read_text() == "two"


def test_staged_files_are_private_from_the_first_byte(writer: Writer) -> None:
    check = 'test "$(umask)" = 0077; for f in . 0; do stat -c %a "$f" >&2; done; false'
    done = writer.write([writer.file("x", "s3cret")], check)
    assert done.stderr.split()[:2] == ["700", "600"]


def everything(top: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(top):
        yield from (Path(folder, name) for name in [*folders, *files])


def open_bits(path: Path) -> list[int]:
    """Return what the group and others may do with ``path``; nothing if it is gone already."""
    try:
        return [path.lstat().st_mode & 0o077]
    except FileNotFoundError:
        return []


def test_nobody_else_can_read_a_secret_while_it_is_written(writer: Writer) -> None:
    """Look at everything that exists below the two folders, as often as can be."""
    item = writer.file("secret", Secret("s3cret" * 400_000), "600")
    command = writing([item])
    text = recorded_here(command).replace(STAGES, str(writer.stages))
    seen: set[int] = set()
    with subprocess.Popen(["sh", "-c", text], stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(command.connector_arguments["_stdin"])
        process.stdin.close()
        end = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < end:
            for top in (writer.folder, writer.stages):
                seen |= {bits for path in everything(top) for bits in open_bits(path)}
    assert process.returncode == 0
    assert seen == {0}


def test_no_content_in_the_argument_list(writer: Writer) -> None:
    secret = Secret("tok3n-in-clear")
    command = writing([writer.file("x", secret, "600"), writer.file("y", "public-text")])
    for shown in (str(command), repr(command), command.get_raw_value()):
        assert "tok3n" not in shown
        assert "public-text" not in shown
    assert shlex.split(command.get_raw_value())[:2] == ["sh", "-c"]


def test_a_secret_never_shows() -> None:
    item = File("/etc/x", Secret("tok3n-in-clear"), "600")
    assert "tok3n" not in f"{item} {item!r} {item.content}"
