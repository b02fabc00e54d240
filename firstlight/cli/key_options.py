"""The options of ``firstlight keys`` that say what a key may do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from firstlight import keys as api_keys

Command = Callable[..., Any]


def limit_options(command: Command) -> Command:
    """Give ``command`` the options of what a key may do."""
    for option in (
        click.option("--concurrency", type=int, help="Requests in progress at the same time."),
        click.option("--burst", type=int, help="Requests that may come at once above --rps."),
        click.option("--rps", type=float, help="Requests per second, on average."),
        click.option("--models", metavar="A,B", help='Models it may ask for; "all" for each.'),
        click.option("--class", "klass", type=click.Choice(api_keys.CLASSES), help="Its limits."),
    ):
        command = option(command)
    return command


def given_fields(klass: str | None, models: str | None, **numbers: float | None) -> dict[str, Any]:
    """Return what was given of a key's fields."""
    found: dict[str, Any] = {name: each for name, each in numbers.items() if each is not None}
    if klass is not None:
        found["klass"] = klass
    if models is not None:
        found["models"] = () if models == "all" else tuple(models.split(","))
    return found
