"""What the tests of engines share."""

from __future__ import annotations

from tests.unit.engines.answers import engine, spec

__all__ = ["engine", "spec"]
