"""The first and the last step of a run on watched hosts: no alerts of what it does itself."""

from __future__ import annotations

from pyinfra import state

from firstlight import adapter
from firstlight.monitor.maintenance import watched
from firstlight.operations import maintenance
from firstlight.settings.fronts import Site


def quiet(sites: Site) -> None:
    """Silence the alerts of all hosts of this run before anything changes."""
    maintenance.quiet(
        name="Silence alerts for maintenance", watched=watched(sites, adapter.hosts_asked(state))
    )


def loud() -> None:
    """Have alerts told again: the last step of a run."""
    maintenance.loud(name="Have alerts told again")
