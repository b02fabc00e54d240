"""What an audit saw of a host, told; nothing on it is changed."""

from __future__ import annotations

import os
from collections.abc import Generator

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from firstlight import adapter
from firstlight.audit import report, scan
from firstlight.audit.host import Looked
from firstlight.facts.scan import PortsFrom

FOR_COMMAND = "FIRSTLIGHT_AUDIT"
"""Set in the environment where the command runs the deploy and reads what it tells."""


@operation()
def told(looked: Looked) -> Generator[StringCommand, None, None]:
    """
    Show what was found on the host.

    + looked: the host as it was looked at
    """
    if not adapter.is_executing(state):  # once, though an operation is asked when it runs too
        wanted = os.environ.get(FOR_COMMAND)
        adapter.show(looked.line() if wanted else report.table(host.name, looked.findings))
    host.noop("the host was looked at")
    yield from ()


@operation()
def scanned() -> Generator[StringCommand, None, None]:
    """Probe the ports that the environment asks for, and show which answered."""
    if not adapter.is_executing(state):
        found = host.get_fact(PortsFrom, request=os.environ.get(scan.REQUEST, "{}"))
        adapter.show(f"{scan.MARK}{found}")
    host.noop("the ports were asked")
    yield from ()
