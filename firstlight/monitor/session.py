"""Reaches an inventory's monitors: ``python -m firstlight.monitor.session INVENTORY``.

pyinfra's command line replaces sockets and threads of the whole process when it is imported, so
that it has a process of its own. Its first line of JSON on stdout is what the inventory says of its
hosts; then every line on stdin, ``{"monitor", "program", "seconds"}``, is answered by one. Connections
stay open in between. It ends with its standard input.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from firstlight.errors import FirstlightError
from firstlight.inventory_file import described
from firstlight.monitor.seen_site import as_said


def prepared(inventory: str) -> tuple[Any, dict[str, Any]]:
    """Return pyinfra's state with the inventory, and what it says of its hosts."""
    from pyinfra.api import Config, State
    from pyinfra.context import ctx_config, ctx_state
    from pyinfra_cli.inventory import make_inventory_from_files

    from firstlight import adapter
    from firstlight.lock.pins import pins
    from firstlight.settings import load_site

    here = Path.cwd()
    state = State()
    state.cwd = str(here)
    config = Config()  # type: ignore[no-untyped-call]
    with ctx_state.use(state), ctx_config.use(config):
        made = make_inventory_from_files(inventory, cwd=str(here))
        state.init(made, config)
    path = Path(inventory)
    lock = pins(path if path.is_file() else None)
    site = load_site(adapter.inventory_data(made), adapter.project_root(state), lock)
    return state, as_said(site)


def answered(state: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """Run the program on the monitor; what it printed, or the error of what failed."""
    from firstlight.monitor.reach import piped

    name = asked["monitor"]
    try:
        out = piped(
            state.inventory.get_host(name), "python3 -I -", asked["program"], asked["seconds"]
        )
    except FirstlightError as error:
        return refused(error)
    return {"output": out}


def refused(error: FirstlightError) -> dict[str, Any]:
    """Return an error as a line says it."""
    said = {"what": error.what, "where": error.where, "why": error.why, "fix": error.fix}
    return {"error": said}


def main() -> None:
    """Answer lines until there are none."""
    # Ctrl-C is for the one who shows: it closes the pipe, and that ends this process too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.path.append(".")  # as pyinfra does, for what inventories import
    # Whatever an inventory and its programs print is not taken for an answer.
    lines = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with contextlib.redirect_stdout(sys.stderr):
        try:
            state, said = prepared(sys.argv[1])
        except Exception as error:  # an inventory is anybody's program
            cause = getattr(error, "exception", error)  # pyinfra wraps what it does not know
            known = cause if isinstance(cause, FirstlightError) else None
            what = FirstlightError(
                "the inventory cannot be read", where=sys.argv[1], why=described(cause)
            )
            print(json.dumps(refused(known or what)), file=lines, flush=True)
            return
        print(json.dumps(said), file=lines, flush=True)
        from gevent.fileobject import FileObjectPosix

        # While it waits, greenlets go on: keep-alives of the connections among them.
        for line in FileObjectPosix(sys.stdin.fileno(), "rb", close=False):
            print(json.dumps(answered(state, json.loads(line))), file=lines, flush=True)


if __name__ == "__main__":
    main()
