"""What an audit saw of a host, told; nothing on it is changed.

These are no operations: with pyinfra's -y an operation is asked only when it runs, and an audit
runs none.
"""

from __future__ import annotations

import os

from pyinfra import host

from firstlight import adapter
from firstlight.audit import report, scan
from firstlight.audit.host import Looked
from firstlight.facts.scan import PortsFrom

FOR_COMMAND = "FIRSTLIGHT_AUDIT"
"""Set in the environment where the command runs the deploy and reads what it tells."""


def told(looked: Looked) -> None:
    """Show what was found on the host."""
    wanted = os.environ.get(FOR_COMMAND)
    adapter.show(looked.line() if wanted else report.table(looked.host, looked.findings))


def scanned() -> None:
    """Probe the ports that the environment asks for, and show which answered."""
    found = host.get_fact(PortsFrom, request=os.environ.get(scan.REQUEST, "{}"))
    adapter.show(f"{scan.MARK}{found}")
