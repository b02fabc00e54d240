"""What an audit is asked to look at, and the runs of pyinfra that it is made of."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import firstlight
from firstlight.audit import scan
from firstlight.errors import FirstlightError

DEPLOYS = Path(firstlight.__file__).resolve().parents[1] / "deploys"


@dataclass(frozen=True)
class Asked:
    """What an audit is to look at. ``vantages`` are other hosts to look from; ``tcp`` are ranges."""

    inventory: str
    limit: tuple[str, ...] = ()
    vantages: tuple[str, ...] = ()
    tcp: scan.Ranges = scan.ALL
    rate: int = scan.RATE
    outside: bool = True


def run(
    deploy: str, inventory: str, limit: Sequence[str], seconds: float, **env: str
) -> tuple[str, str, int]:
    """Run a deploy that changes nothing with pyinfra; its stdout, its stderr, its exit code.

    A host that is not reached is left out: nobody is asked whether to go on without it.
    """
    words = [sys.executable, "-m", "pyinfra", "--dry", "-y"]
    for host in limit:
        words += ["--limit", host]
    words += [inventory, str(DEPLOYS / deploy)]
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            env={**os.environ, "NO_COLOR": "1", **env},
        )
    except subprocess.TimeoutExpired:
        raise FirstlightError(
            "pyinfra was not done in time", where=inventory, why=f"{seconds:.0f} s"
        ) from None
    return done.stdout, done.stderr, done.returncode
