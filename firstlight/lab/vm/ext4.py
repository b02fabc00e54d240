"""ext4 images made and written to without mounting them: no loop device, nothing to clean up."""

from __future__ import annotations

import stat
from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.lab.command import run

BUILD_SECONDS = 300
WRITE_SECONDS = 60


def make(root: Path, image: Path, gibibytes: int) -> None:
    """Make ``image``, a sparse file of that size, which holds all that is below ``root``."""
    run(
        *("mke2fs", "-q", "-t", "ext4", "-L", "root", "-E", "root_owner=0:0"),
        *("-d", str(root), str(image), f"{gibibytes}G"),
        timeout=BUILD_SECONDS,
    )


def lay_over(image: Path, folder: Path) -> None:
    """Write the files below ``folder`` into ``image``, and folders it lacks: owners, modes, all.

    Nothing may use the image meanwhile, and it must have been left in order: a journal that is
    to be replayed would undo what is written here. Raises FirstlightError unless all is there.
    """
    commands: list[str] = []
    files: list[tuple[Path, str]] = []
    for path in sorted(folder.rglob("*")):
        name = f"/{path.relative_to(folder)}"
        if not path.is_dir():
            files.append((path, name))
            commands += [f"rm {name}", f"write {path} {name}", *_fields(path, name)]
        elif not _has(image, name):
            commands += [f"mkdir {name}", *_fields(path, name)]
    run("debugfs", "-w", "-f", "-", str(image), timeout=WRITE_SECONDS, text="\n".join(commands))
    for path, name in files:
        # debugfs ends with 0 whatever happened.
        if run("debugfs", "-R", f"cat {name}", str(image)) != path.read_text(encoding="utf-8"):
            raise FirstlightError(
                "a file could not be written into the disk's image", where=f"{image}: {name}"
            )


def _has(image: Path, name: str) -> bool:
    return "Inode:" in run("debugfs", "-R", f"stat {name}", str(image))


def _fields(path: Path, name: str) -> list[str]:
    found = path.stat()
    kind = stat.S_IFDIR if path.is_dir() else stat.S_IFREG
    mode = kind | stat.S_IMODE(found.st_mode)
    return [
        f"set_inode_field {name} mode 0{mode:o}",
        f"set_inode_field {name} uid {found.st_uid}",
        f"set_inode_field {name} gid {found.st_gid}",
    ]
