"""The root file system that images of Python programs start from, made once for all of them."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from firstlight.lab.command import run
from firstlight.lab.images import debian
from firstlight.lab.lock import locked
from firstlight.lab.mounts import unmount_below

SUITE = "bookworm"
"""Its Python is 3.11, for which the wheels in the requirements of images are."""
PACKAGES = ("python3", "libstdc++6", "libnuma1", "curl", "ca-certificates", "tzdata")
SITE = Path("usr/local/lib/python3.11/dist-packages")
SOURCE = "python_root.py"
"""This file, as recipes name it among what their images come from."""
SECONDS = 900.0
"""How long to wait for another process that makes it."""


def make(root: Path) -> None:
    """Fill ``root``, which must not exist yet: below the workplace of an image in the cache."""
    run("cp", "-a", "--reflink=auto", str(_kept(root.parents[1])), str(root), timeout=300)


def _kept(folder: Path) -> Path:
    """The one that all are copies of, in ``folder``, made now if it is not there yet."""
    code = [Path(__file__).read_bytes(), Path(debian.__file__).read_bytes()]
    kept = folder / f"python-{hashlib.sha256(b''.join(code)).hexdigest()[:12]}"
    with locked(folder / f"{kept.name}.lock", f"building {kept.name}", SECONDS):
        if not kept.is_dir():
            workplace = kept.with_name(f"{kept.name}.partial")
            if workplace.exists():
                unmount_below(workplace)
                shutil.rmtree(workplace)
            workplace.mkdir(mode=0o700)
            debian.make(workplace / "root", SUITE, PACKAGES)
            (workplace / "root").rename(kept)
            shutil.rmtree(workplace)
        (folder / f"{kept.name}.lock").unlink(missing_ok=True)
    return kept
