"""Reads an inventory without reaching any host: ``python -m firstlight.inventory_file PATH``.

pyinfra's command line replaces sockets and threads of the whole process when it is imported, so
that inventories are read in a process of their own. It prints, as JSON, the parts of every host's
data that a lock is made from; nothing else (least of all secrets) leaves it.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firstlight.errors import FirstlightError

SECONDS = 120
KEYS = ("site", "docker", "models", "nvidia", "monitor")
HostsData = dict[str, dict[str, Any]]


def hosts_of(inventory: Path) -> HostsData:
    """Return the data of every host, group data included, by the host's name.

    Raises :class:`FirstlightError` where the file cannot be read as an inventory.
    """
    if not inventory.is_file():
        raise FirstlightError(
            "there is no such inventory",
            where=str(inventory),
            fix="name the file of an inventory (example: inventories/prod.py)",
        )
    command = [sys.executable, "-m", __name__, str(inventory)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        why = f"it was not done after {SECONDS} s"
        raise FirstlightError(
            "the inventory takes too long to read", where=str(inventory), why=why
        ) from None
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise FirstlightError(
            "the inventory cannot be read",
            where=str(inventory),
            why="\n       ".join(lines[-6:]),
            fix=f"pyinfra {inventory} debug-inventory shows what pyinfra makes of it",
        )
    found: HostsData = json.loads(done.stdout)
    return found


def read(inventory: str) -> HostsData:
    """Return what :func:`hosts_of` does, from inside the process of its own."""
    from pyinfra.api import State
    from pyinfra.context import ctx_state
    from pyinfra_cli.inventory import make_inventory_from_files

    from firstlight import adapter

    here = str(Path.cwd())
    state = State()
    state.cwd = here
    with ctx_state.use(state):
        found = adapter.inventory_data(make_inventory_from_files(inventory, cwd=here))
    return {
        name: {key: plain(value) for key, value in data.items() if key in KEYS}
        for name, (data, _) in found.items()
    }


def plain(value: object) -> object:
    """``value`` as JSON can say it: tuples become lists, paths texts, the rest its type's name."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, Path) else type(value).__name__


def described(error: BaseException) -> str:
    """The error's type and text, and the line of the inventory that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" (line {frames[-1].lineno} of {frames[-1].filename})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"


def main() -> None:
    """Print the hosts of the inventory that the command line names."""
    sys.path.append(".")  # as pyinfra does, for what inventories import
    with contextlib.redirect_stdout(sys.stderr):
        try:
            found = read(sys.argv[1])
        except Exception as error:  # an inventory is anybody's program
            cause = getattr(error, "exception", error)  # pyinfra wraps what it does not know
            sys.exit(str(cause) if isinstance(cause, FirstlightError) else described(cause))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
