"""The end of a run that changed something: its mark says that it ended well."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.facts.last_run import LastRunResult
from firstlight.last_run import PATH, WELL, LastRun, now
from firstlight.run_marks import marking


@operation()
def ended(run: LastRun) -> Generator[StringCommand, None, None]:
    """
    Mark the run as ended well; a run that changed nothing after one that ended well is none.

    + run: the run as it began
    """
    have: str = host.get_fact(LastRunResult, path=PATH) or ""
    if have in ("", WELL):
        host.noop("the last run that changed something ended well")
        return
    yield marking(replace(run, result=WELL, ended=now()))
