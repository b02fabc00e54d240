"""Ended: the run is over and has ended well, for those who watch the host.

Owns /var/lib/firstlight/run.json. It comes last. The mark of a run that goes on is written beside
its first change, and that of one that failed where it fails.
"""

from __future__ import annotations

from pyinfra.api.deploy import deploy

from firstlight.last_run import PATH, LastRun
from firstlight.operations import last_run as operations
from roles.owned import Owned

OWNS = Owned(files=(PATH,))


@deploy("Ended")
def ended(run: LastRun) -> None:
    """Mark ``run`` as one that ended well, where it changed something."""
    # activate
    operations.ended(name="Mark the run as ended", run=run)
