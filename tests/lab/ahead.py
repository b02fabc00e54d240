"""What is needed late in a long run, begun early: images that take minutes, beside the tests.

A worker that waits for a mirror, a reboot or a lock leaves its core to this. Whoever needs an image
before it is made waits for it, or makes it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from firstlight.lab import images, kinds, packages, rootfs
from firstlight.lab.images import presidio, standin, vllm
from firstlight.lab.images.recipe import Recipe
from firstlight.lab.state import CACHE_DIR
from firstlight.lab.vm import able, image

ROOT = Path(__file__).resolve().parents[2]
AS_ROOT = () if os.geteuid() == 0 else ("sudo", "-n")
NEEDS: tuple[tuple[str, Recipe], ...] = (
    ("tests/lab/switching/", vllm.RECIPE),
    ("tests/lab/switching/", standin.BASE),
    ("tests/lab/test_guard.py", presidio.RECIPE),
)
"""Tests, by the beginning of their path, and what they need."""
VM = "tests/lab/vm/"
"""Tests that need a virtual machine."""
SUITE = "bookworm"
OLDER = "tests/lab/test_lab_hosts.py"
"""Tests that need a host of the older suite too."""
PACKAGES_SECONDS = 300.0


def wanted(nodeids: Iterable[str]) -> list[str]:
    """Return what these tests will need, by name."""
    found = [*nodeids]
    names = [recipe.engine for path, recipe in NEEDS if any(n.startswith(path) for n in found)]
    others = {VM: kinds.VM, OLDER: SUITE}
    return [*names, *(o for path, o in others.items() if any(n.startswith(path) for n in found))]


def begin(names: Iterable[str]) -> subprocess.Popen[bytes]:
    """Start making ``names`` in a process of its own, which yields to the tests."""
    words = (*AS_ROOT, "nice", "-n", "5", sys.executable, "-m", "tests.lab.ahead", *names)
    return subprocess.Popen(
        words,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # who needs it makes it again, and says what is wrong
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes]) -> None:
    """End it and what it started; a build broken off is made anew by who needs it."""
    if process.poll() is None:
        subprocess.run([*AS_ROOT, "kill", "--", f"-{process.pid}"], check=False)
        process.wait(30)


def main(names: list[str]) -> None:
    """Make what is named, once the first lab has installed the machine's packages."""
    deadline = time.monotonic() + PACKAGES_SECONDS
    while packages.missing():
        if time.monotonic() > deadline:
            return
        time.sleep(0.5)
    for _, recipe in NEEDS:
        if recipe.engine in names:
            images.built(recipe, CACHE_DIR)
    if kinds.VM in names and able.refused() is None:
        packages.ensure(print, able.NEEDED)
        image.ensure(kinds.SUITE, CACHE_DIR, print)
    if SUITE in names:
        rootfs.ensure(SUITE, CACHE_DIR, print)


if __name__ == "__main__":
    main(sys.argv[1:])
