"""Weights brought to a host: started as a unit of its own, watched until it has ended."""

from __future__ import annotations

import time
from collections.abc import Generator

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from firstlight import adapter
from firstlight.errors import FirstlightError
from firstlight.facts.weights import Fetching, FetchProgress, Stored, StoredWeights
from firstlight.operations.commands import failure, script
from firstlight.settings import Model
from firstlight.weights import store

# The fetch ends by itself when the hub falls silent; this bounds what nobody foresaw.
LIMIT_SECONDS = 24 * 3600
FIRST_LOOK_SECONDS = 0.2
LONGEST_LOOK_SECONDS = 5.0
SAY_EVERY_SECONDS = 15.0

# A marker that does not fit its files goes first, so that nothing half right looks complete.
START = r"""
rm -f -- "$2/$3"
systemctl reset-failed "$1" 2>/dev/null
systemctl start --no-block "$1"
"""


@operation()
def fetched(model: Model) -> Generator[StringCommand, None, None]:
    """
    Have the weights of a model complete in the host's store.

    + model: the served model
    """
    folder, unit = store.folder(model), f"firstlight-weights@{model.name}.service"
    have: Stored = host.get_fact(StoredWeights, folder=folder, marker=store.MARKER) or Stored()
    if have.complete(model.repo, model.revision):
        host.noop(f"the weights of {model.name} are complete")
        return
    yield script(START, unit, folder, store.MARKER)
    if adapter.is_executing(state):
        ended = watched(model.name, unit, f"{store.INCOMING}/{folder.rsplit('/', 1)[1]}")
        if ended.state != "inactive" or ended.result != "success":
            yield failure(
                FirstlightError(
                    f"the weights of {model.name} could not be fetched: {ended.words.strip()}",
                    where=host.name,
                    fix=f"journalctl -u {unit} on the host has the whole story",
                )
            )


def watched(name: str, unit: str, incoming: str) -> Fetching:
    """Wait until the fetch ``unit`` has ended, saying now and then how far it is."""
    started = said = time.monotonic()
    look, last = FIRST_LOOK_SECONDS, 0
    while True:
        now = host.get_fact(FetchProgress, unit=unit, incoming=incoming) or Fetching()
        at = time.monotonic()
        if now.state not in ("activating", "active") or at - started > LIMIT_SECONDS:
            return now
        if at - said >= SAY_EVERY_SECONDS:
            rate = (now.bytes - last) / (at - said) / 1e6
            adapter.say(f"    {host.name}: {name}: {now.bytes / 1e9:.2f} GB, {rate:.0f} MB/s")
            said, last = at, now.bytes
        time.sleep(look)
        look = min(look * 1.5, LONGEST_LOOK_SECONDS)
