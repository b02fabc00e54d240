"""The routes of real engines, as recorded: method and path."""

from __future__ import annotations

from pathlib import Path

RECORDED = Path(__file__).parent / "unit/engines/routes"


def recorded(engine: str) -> set[tuple[str, str]]:
    """Return the routes that ``engine`` was seen to have; how is said in the file."""
    lines = (RECORDED / f"{engine}.txt").read_text().splitlines()
    pairs = (line.split() for line in lines if line and not line.startswith("#"))
    return {(method, path) for method, path in pairs}
