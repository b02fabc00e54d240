"""A program of the machine, run bounded, whose failure is one clear error."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from firstlight.errors import FirstlightError


def run(
    *argv: str, timeout: float = 30, text: str = "", env: Mapping[str, str] | None = None
) -> str:
    """Run ``argv`` with ``text`` as input; its output. ``timeout`` in seconds."""
    try:
        done = subprocess.run(
            argv,
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            env=env,
            check=False,
        )
    except FileNotFoundError as error:
        raise FirstlightError(
            f"the program {argv[0]} is not installed", fix="firstlight lab up (installs it)"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise FirstlightError(
            f"{argv[0]} did not end within {timeout:.0f} s", where=" ".join(argv)
        ) from error
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise FirstlightError(
            f"{argv[0]} failed with exit code {done.returncode}",
            where=" ".join(argv),
            why="\n       ".join(said[-8:]),
        )
    return done.stdout


def succeeds(*argv: str, timeout: float = 30) -> bool:
    """Whether ``argv`` ends with 0 in time; False also if the program is missing."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
