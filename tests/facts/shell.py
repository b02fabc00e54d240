"""Runs a fact the way pyinfra does: its command by ``sh``, its output by lines to process()."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from typing import Any

from pyinfra.api import FactBase


def gather(
    kind: type[FactBase[Any]],
    env: Mapping[str, str] | None = None,
    instead: Mapping[str, object] | None = None,
    **arguments: Any,
) -> Any:
    """Return what the fact says about this machine.

    ``instead`` replaces fixed paths of a host (``/etc/…``) by those of a test's folder.
    """
    fact = kind()
    text = fact.command(**arguments).get_raw_value()
    for path, other in (instead or {}).items():
        assert path in text, f"{kind.__name__} does not look at {path}"
        text = text.replace(path, str(other))
    done = subprocess.run(
        ["sh", "-c", text], capture_output=True, text=True, env=env, timeout=30, check=False
    )
    assert done.returncode == 0, f"a fact that fails ends the host's run: {done.stderr}"
    lines = done.stdout.split("\n")[:-1]
    return fact.process(lines) if lines else fact.default()
