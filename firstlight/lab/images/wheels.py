"""Python packages for an image: wheels chosen for the image's Python, not for this one."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.lab.command import run, succeeds
from firstlight.lab.images.debian import NICE

INSTALL_SECONDS = 900
GLIBCS = (36, 35, 34, 31, 28, 27, 26, 24, 17, 12, 5)
"""Minor versions of the C library that wheels are built for, up to the image's (2.36 in bookworm).

Not all that there are: pip compares each of thousands of links with every one of them.
"""


def install(site: Path, requirements: Path, extra: Sequence[str], python: str) -> None:
    """Unpack hash-pinned ``requirements`` and then ``extra`` into ``site``; no dependencies.

    pip's own configuration says where from. Raises :class:`FirstlightError` if pip is missing
    or finds no fitting wheel.
    """
    if not succeeds(sys.executable, "-m", "pip", "--version", timeout=60):
        raise FirstlightError(
            "pip is missing", where=sys.executable, fix=f"{sys.executable} -m ensurepip"
        )
    site.mkdir(parents=True, exist_ok=True)
    for wanted in (["--require-hashes", "--requirement", str(requirements)], list(extra)):
        try:
            run(*_command(site, python), *wanted, timeout=INSTALL_SECONDS)
        except FirstlightError as error:
            raise FirstlightError(
                f"the Python packages of the image could not be installed ({wanted[-1]})",
                why=error.why,
                fix="pip must find every wheel; for a CPU build of torch, put it into a folder "
                "and name that in PIP_FIND_LINKS",
            ) from error


def _command(site: Path, python: str) -> list[str]:
    tag = f"cp{python.replace('.', '')}"
    command = [*NICE, sys.executable, "-m", "pip", "install", "--quiet", "--no-input"]
    command += ["--disable-pip-version-check", "--no-compile", "--no-deps", "--no-cache-dir"]
    command += ["--only-binary=:all:", f"--target={site}", "--upgrade"]
    command += [f"--python-version={python}", "--implementation=cp"]
    command += [f"--abi={abi}" for abi in (tag, "abi3", "none")]
    return command + [f"--platform={platform}" for platform in _platforms()]


def _platforms() -> Iterator[str]:
    for minor in GLIBCS:
        yield f"manylinux_2_{minor}_x86_64"
    for old in ("2014", "2010", "1"):
        yield f"manylinux{old}_x86_64"
    yield "linux_x86_64"
