"""Faults of the lab's model hub, switched on for the length of a test."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from firstlight.lab.services import faults, model_hub
from tests.lab.rack import TestRack

# The hub's folder is root's.
AS_ROOT = () if os.geteuid() == 0 else ("sudo", "-n")


@contextmanager
def switched(folder: Path, switches: dict[str, Any]) -> Iterator[None]:
    """Have the service whose switches lie in ``folder`` fail so, and then work again."""
    path = str(folder / faults.FILE)
    wanted = json.dumps(switches)
    words = [*AS_ROOT, "tee", path]
    subprocess.run(words, input=wanted, text=True, capture_output=True, timeout=10, check=True)
    try:
        yield
    finally:
        subprocess.run([*AS_ROOT, "rm", "-f", path], timeout=10, check=True)


@contextmanager
def faulty(rack: TestRack, **switches: Any) -> Iterator[None]:
    """Have the hub fail as ``firstlight.lab.services.faults`` describes, and then work again."""
    with switched(model_hub.root(rack.state), switches):
        yield
