"""Minimal Debian root file systems for images, from the machine's own mirror."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from firstlight.lab.command import run
from firstlight.lab.images.layer import EPOCH
from firstlight.lab.mounts import unmount_below
from firstlight.lab.sources import apt_options, apt_sources

BUILD_SECONDS = 900
NICE = ("nice", "-n", "10")
# A mirror may lag behind the time its Release file is valid for; its signature still counts.
APT_OPTIONS = (
    'Acquire::Check-Valid-Until "false"',
    'Acquire::Languages "none"',
    'APT::Install-Recommends "false"',
)
LEFT_OUT = ("doc", "info", "lintian", "locale", "man")
STATE = ("var/cache/apt", "var/cache/debconf", "var/cache/ldconfig", "var/lib/apt/lists", "var/log")
"""Folders whose content tells about the build and not about the image."""
BUILD_FILES = (
    "etc/apt/apt.conf.d/99mmdebstrap",
    "etc/apt/sources.list",
    "etc/hostname",
    "etc/machine-id",
    "etc/resolv.conf",
    "var/lib/dbus/machine-id",
)
"""Files that hold this machine's own mirror, proxy and name: no image carries them."""


def make(root: Path, suite: str, packages: Sequence[str]) -> None:
    """Install ``packages`` of ``suite`` into ``root``, which must not exist yet. Needs root."""
    settings = root.with_name(f"{root.name}.apt.conf")
    settings.touch(0o600)  # a proxy's password may be in it
    options = dict.fromkeys([*apt_options(), *APT_OPTIONS])
    settings.write_text("".join(f"{option};\n" for option in options))
    argv = [*NICE, "mmdebstrap", "--quiet", "--mode=root", "--variant=minbase"]
    argv += ["--format=directory", f"--include={','.join(packages)}", f"--aptopt={settings}"]
    argv += ["--dpkgopt=force-unsafe-io"]
    argv += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in LEFT_OUT]
    argv += [suite, str(root)]
    if sources := apt_sources(suite):
        mirrors = root.with_name(f"{root.name}.sources")
        mirrors.write_text(sources)
        argv.append(str(mirrors))
    run(*argv, timeout=BUILD_SECONDS, env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)})


def clean(root: Path) -> None:
    """Take everything out of ``root`` that belongs to the machine or the build."""
    unmount_below(root)
    for folder in (*STATE, "etc/apt/sources.list.d"):
        remove(*(root / folder).glob("*"))
    remove(*(root / name for name in BUILD_FILES))


def remove(*paths: Path) -> None:
    """Delete files, links and whole folders; what is not there is no error."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
