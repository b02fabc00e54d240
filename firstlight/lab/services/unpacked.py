"""A program of a Debian package, without installing the package on this machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from firstlight.lab.command import run

FETCH_TIMEOUT = 300.0


def program(cache_dir: Path, package: str, path: Path) -> Path:
    """The program ``path``: the installed one, else unpacked from the Debian ``package``.

    Unpacked rather than installed, because a package may start a service on this machine.
    """
    if os.access(path, os.X_OK):
        return path
    found = fetched(cache_dir, package, path)
    if os.access(found, os.X_OK):
        return found
    target = cache_dir / "programs" / package
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{package}.") as temporary:
        # apt reads as its own user, who cannot enter a private folder: let it be root here.
        apt = ("apt-get", "-o", "APT::Sandbox::User=root", "-qq", "download", package)
        run("env", f"--chdir={temporary}", *apt, timeout=FETCH_TIMEOUT)
        (archive,) = Path(temporary).glob("*.deb")
        root = Path(temporary) / "root"
        run("dpkg", "-x", str(archive), str(root), timeout=FETCH_TIMEOUT)
        shutil.rmtree(target, ignore_errors=True)
        root.rename(target)
    return found


def fetched(cache_dir: Path, package: str, path: Path) -> Path:
    """Where the unpacked program is, if it was fetched."""
    return cache_dir / "programs" / package / path.relative_to("/")
