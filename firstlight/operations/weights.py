"""Weights brought to a host: started as a unit of its own, watched until it has ended."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from firstlight import adapter
from firstlight.errors import FirstlightError
from firstlight.facts.weights import Fetching, FetchProgress, Jobs, Stored, StoredWeights
from firstlight.operations.commands import failure, script
from firstlight.weights import store
from firstlight.weights.wants import Want
from firstlight.weights.words import so_far

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
FORGET = r"""
for name do
    rm -rf -- "/etc/firstlight/weights/$name.json" "/etc/firstlight/secrets/hub-token-$name" \
        "/etc/systemd/system/firstlight-weights@$name.service.d"
done
"""


@operation()
def fetched(want: Want) -> Generator[StringCommand, None, None]:
    """
    Have weights complete in the host's store.

    + want: what is wanted, and where it comes from
    """
    folder, unit = want.folder, f"firstlight-weights@{want.name}.service"
    have: Stored = host.get_fact(StoredWeights, folder=folder, marker=store.MARKER) or Stored()
    if have.complete(str(want.source)):
        host.noop(f"the weights of {want.name} are complete")
        return
    yield script(START, unit, folder, store.MARKER)
    if adapter.is_executing(state):
        ended = watched(want.name, unit, f"{store.INCOMING}/{folder.rsplit('/', 1)[1]}")
        if ended.state != "inactive" or ended.result != "success":
            yield failure(
                FirstlightError(
                    f"the weights of {want.name} could not be fetched: {ended.words.strip()}",
                    where=host.name,
                    fix=f"journalctl -u {unit} on the host has the whole story",
                )
            )


@operation()
def forgotten(wanted: Sequence[str]) -> Generator[StringCommand, None, None]:
    """
    Remove the fetch jobs and hub tokens of what is not wanted any more; weights stay.

    + wanted: names of all that is wanted on the host
    """
    found: list[str] = host.get_fact(Jobs) or []
    names = [name for name in found if name not in wanted]
    if not names:
        host.noop("every fetch job is of a model that is served")
        return
    yield script(FORGET, *names)


def watched(name: str, unit: str, incoming: str) -> Fetching:
    """Wait until the ``unit`` has ended, saying now and then how far it is."""
    started = said = time.monotonic()
    look, last = FIRST_LOOK_SECONDS, 0
    while True:
        now = host.get_fact(FetchProgress, unit=unit, incoming=incoming) or Fetching()
        at = time.monotonic()
        if now.state not in ("activating", "active") or at - started > LIMIT_SECONDS:
            return now
        if at - said >= SAY_EVERY_SECONDS:
            rate = (now.bytes - last) / (at - said)
            adapter.say(f"    {host.name}: {name}: {so_far(now.bytes, now.total, rate)}")
            said, last = at, now.bytes
        time.sleep(look)
        look = min(look * 1.5, LONGEST_LOOK_SECONDS)
