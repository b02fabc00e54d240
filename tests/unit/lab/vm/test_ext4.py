"""Images of ext4, made and written to without a mount."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from firstlight.errors import FirstlightError
from firstlight.lab.command import run
from firstlight.lab.vm import ext4

pytestmark = pytest.mark.skipif(shutil.which("debugfs") is None, reason="no e2fsprogs here")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "etc" / "ssh").mkdir(parents=True)
    (root / "etc" / "hostname").write_text("before\n")
    (root / "etc" / "ssh").chmod(0o750)
    made = tmp_path / "disk.raw"
    ext4.make(root, made, 1)
    return made


def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    (folder / "etc" / "ssh").mkdir(parents=True, mode=0o700)
    (folder / "home" / "ops" / ".ssh").mkdir(parents=True)
    (folder / "home" / "ops" / ".ssh").chmod(0o700)
    (folder / "etc" / "hostname").write_text("lab1\n")
    (folder / "etc" / "ssh" / "key").write_text("SECRET\nof two lines\n")
    (folder / "etc" / "ssh" / "key").chmod(0o600)
    return folder


def stat_of(image: Path, name: str) -> str:
    return run("debugfs", "-R", f"stat {name}", str(image))


def test_files_replace_those_of_the_image_with_their_modes(image: Path, tmp_path: Path) -> None:
    ext4.lay_over(image, own(tmp_path))
    assert run("debugfs", "-R", "cat /etc/hostname", str(image)) == "lab1\n"
    assert run("debugfs", "-R", "cat /etc/ssh/key", str(image)) == "SECRET\nof two lines\n"
    key, user = stat_of(image, "/etc/ssh/key"), os.getuid()
    assert "Mode:  0600" in key and f"User: {user:>5}" in key
    assert "Mode:  0700" in stat_of(image, "/home/ops/.ssh")
    run("e2fsck", "-fn", str(image))  # and the file system is in order


def test_a_folder_that_is_there_keeps_its_mode(image: Path, tmp_path: Path) -> None:
    ext4.lay_over(image, own(tmp_path))
    assert "Mode:  0750" in stat_of(image, "/etc/ssh")


def test_an_image_is_as_small_as_what_it_holds(image: Path) -> None:
    assert image.stat().st_size == 2**30
    assert image.stat().st_blocks * 512 < 2**26


def test_what_could_not_be_written_is_an_error(image: Path, tmp_path: Path) -> None:
    folder = own(tmp_path)
    (folder / "etc" / "hostname").unlink()
    (folder / "etc" / "hostname").mkdir()
    (folder / "etc" / "hostname" / "file").write_text("below a file")
    with pytest.raises(FirstlightError, match="could not be written"):
        ext4.lay_over(image, folder)
