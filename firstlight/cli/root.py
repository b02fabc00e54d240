"""The same command once more, as root."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.lab import rack as racks


def become_root() -> None:
    """Run this very command again through sudo, unless this is root already."""
    if os.geteuid() == 0:
        return
    package = Path(racks.__file__).resolve().parents[2]
    path = os.pathsep.join([str(package), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    # sudo clears the environment; without -B root's bytecode would lie in the user's checkout.
    settings = [f"PYTHONPATH={path.rstrip(os.pathsep)}", "PYTHONDONTWRITEBYTECODE=1"]
    settings += [f"{key}={os.environ[key]}" for key in ("FIRSTLIGHT_LAB",) if key in os.environ]
    ask = [] if sys.stdin.isatty() else ["-n"]
    argv = ["sudo", *ask, "--", "env", *settings, sys.executable, "-m", "firstlight"]
    try:
        os.execvp("sudo", [*argv, *sys.argv[1:]])
    except OSError as error:
        raise FirstlightError("the lab needs root", why=f"sudo: {error}") from error
