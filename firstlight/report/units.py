"""Numbers as a report writes them, beside those of a status."""

from __future__ import annotations

from firstlight.status import text


def percent(value: float | None) -> str:
    """Return a share with the digits that promises of availability have."""
    return text.share(value, 2)


def money(value: float | None) -> str:
    """Return an amount of money."""
    return text.number(value, 2)


def watts(value: float | None) -> str:
    """Return a power."""
    return text.NOTHING if value is None else f"{value:,.0f} W"


def degrees(value: float | None) -> str:
    """Return a temperature."""
    return text.NOTHING if value is None else f"{value:.0f} °C"


def energy(value: float | None) -> str:
    """Return an energy, of watt-seconds."""
    return text.NOTHING if value is None else f"{value / 3.6e6:,.1f} kWh"


def spent(value: float | None) -> str:
    """Return an amount of money, of what a price per hour came to in seconds."""
    return money(None if value is None else value / 3600)
