"""The end of a run that changed something: its mark says that it ended well."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from firstlight import adapter
from firstlight.facts.last_run import LastRunResult
from firstlight.last_run import PATH, WELL, LastRun, now
from firstlight.run_marks import aside, marking


@operation()
def ended(run: LastRun) -> Generator[StringCommand, None, None]:
    """
    Mark the run as ended well; a run that changed nothing after one that ended well is none.

    The mark is written beside the operations, as all marks are: it tells of changes, and is none.

    + run: the run as it began
    """
    have: str = host.get_fact(LastRunResult, path=PATH) or ""
    host.noop("the run is over" if have in ("", WELL) else "the run is marked as ended well")
    if have not in ("", WELL) and adapter.is_executing(state):
        done = aside(host, marking(replace(run, result=WELL, ended=now())))
        if not done:
            adapter.say(f"{host.name}: WARNING: monitors cannot see how this run ended: {PATH}")
    yield from ()
