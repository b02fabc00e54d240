"""The last step of a run: the first token seen from outside, and the receipt for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from typing import Any

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from firstlight import adapter, receipt
from firstlight.errors import FirstlightError
from firstlight.facts.receipt import Serving, ServingVersions
from firstlight.operations.commands import failure
from firstlight.operations.files import File, writing
from firstlight.ready import FirstLight


@operation()
def first_token(
    serves: Callable[[], dict[str, Any]],
    packages: Sequence[str],
    look: Callable[[], list[FirstLight]],
    timing: Callable[[float], dict[str, Any]],
    report: Callable[[dict[str, Any], list[FirstLight]], str],
) -> Generator[StringCommand, None, None]:
    """
    See the first streamed token through the public URL, and keep the receipt.

    + serves: returns what serves by now, as the receipt shall say it
    + packages: names of packages whose versions belong into it
    + look: asks the public URL, from the control machine
    + timing: phase times and traffic so far, given the seconds that looking took
    + report: the lines for the operator
    """
    names = tuple(packages)
    found: Serving = host.get_fact(ServingVersions, path=receipt.PATH, names=names) or Serving()
    versions = {"os": found.os, "kernel": found.kernel, "packages": found.packages}
    wanted: dict[str, Any] = {"schema": receipt.SCHEMA, "host": host.name, **serves(), **versions}
    kept = receipt.parsed(found.text)
    if adapter.is_executing(state):
        began = time.monotonic()
        try:
            lights = look()
        except FirstlightError as error:
            yield failure(error)
            return
        wanted |= timing(time.monotonic() - began)
        wanted["first_token_seconds"] = {
            light.model: round(light.first_token, 4) for light in lights
        }
        current = receipt.same(kept, wanted)
        adapter.say(report(kept if current else wanted, lights))
    if receipt.same(kept, wanted):
        host.noop("the first token was seen; the receipt is current")
        return
    yield writing([File(receipt.PATH, receipt.as_text(wanted))])
