"""Settings of the edge's limits: what a class of keys may ask for, and who has none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StrictFloat, StrictInt

from firstlight.keys.key import LARGEST, LOWEST_RATE
from firstlight.settings.section import Section
from firstlight.settings.value import whole, wrong

STANDARD: dict[str, Any] = {"rps": 20.0, "burst": 40, "concurrency": 32}
GOLD: dict[str, Any] = {"rps": 100.0, "burst": 200, "concurrency": 256}


def _rate(value: object) -> object:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not LOWEST_RATE <= value <= LARGEST:  # type: ignore[operator]
        raise wrong(f"a number of requests per second from 0.02 (one in a minute) to {LARGEST}")
    return float(value)  # type: ignore[arg-type]


def _over(defaults: Mapping[str, Any]) -> BeforeValidator:
    """A validator that lays ``defaults`` under a mapping; anything else is left to be named."""

    def fill(value: object) -> object:
        return {**defaults, **value} if isinstance(value, Mapping) else value

    return BeforeValidator(fill)


Rate = Annotated[StrictFloat, BeforeValidator(_rate)]
Count = Annotated[StrictInt, AfterValidator(whole(1, LARGEST, "a number of requests"))]


class Class(Section):
    """What each key of a class may ask for, where the key has no limit of its own."""

    rps: Rate = Field(description="Requests per second, on average.")
    burst: Count = Field(description="Requests that may come at once above that.")
    concurrency: Count = Field(description="Requests in progress at the same time.")


class Classes(Section):
    """The two classes of keys."""

    standard: Annotated[Class, _over(STANDARD)] = Field(
        default=Class(**STANDARD), description="Limits of a key that was given no class."
    )
    gold: Annotated[Class, _over(GOLD)] = Field(
        default=Class(**GOLD), description="Limits of a key of the class gold."
    )


class Strangers(Section):
    """What an address may ask for without a key that is known: beyond it, 429 instead of 401."""

    rps: Rate = Field(default=10.0, description="Refused requests per second, on average.")
    burst: Count = Field(default=40, description="Refused requests at once above that.")
