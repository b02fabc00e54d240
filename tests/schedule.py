"""Side by side (pytest -n): what shares something expensive runs on one worker, longest first."""

from __future__ import annotations

import fnmatch
from typing import Any

TOGETHER = (
    ("tests/lab/test_gpu_*.py",),  # on two workers, each would deploy to hosts with GPUs first
    # The second leaves a second host deployed to, which the third one's edge stands before.
    (
        "tests/lab/test_power_cuts.py",
        "tests/lab/test_two_operators.py",
        "tests/lab/test_edge_three.py",
    ),
    ("tests/lab/test_lab_hosts*.py",),  # two bare hosts, one of the older suite
    ("tests/lab/switching/test_*.py",),  # vLLM's image: 1 GB, unpacked
)
"""Patterns of files that one worker runs."""

FIRST = (
    "tests/lab/test_gpu_*.py",
    "tests/lab/test_power_cuts.py",
    "tests/lab/test_two_operators.py",
    "tests/lab/test_edge_three.py",
    "tests/lab/switching/test_*.py",  # its images are being made meanwhile: see tests/lab/ahead.py
    "tests/lab/vm/test_*.py",  # it waits for an emulated kernel, and its disk is being made
    "tests/lab/test_simulated_*.py",
    "tests/lab/*",
)
"""What is begun before all others, in this order: what is begun last decides when all has ended."""


def group(nodeid: str) -> str:
    """Return what a test runs together with: its file, or the first pattern of several files."""
    path = nodeid.partition("::")[0]
    fits = (each for each in TOGETHER if any(fnmatch.fnmatch(path, name) for name in each))
    return next(fits, (path,))[0]


def place(nodeid: str) -> int:
    """Return a test's place in the order; the same for all tests of a group."""
    path = nodeid.partition("::")[0]
    fits = (number for number, each in enumerate(FIRST) if fnmatch.fnmatch(path, each))
    return next(fits, len(FIRST))


def scheduler(config: Any, log: Any) -> Any:
    """Return xdist's distribution by files, by `group` instead and in the order of collection.

    By itself it begins with the files that have most tests, and ends with a lab test that takes
    minutes while all other workers have nothing left to do.
    """
    from xdist.scheduler import LoadFileScheduling

    class Together(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid)

    config.option.loadscopereorder = False
    return Together(config, log)
