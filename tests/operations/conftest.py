"""Operations are asked what they would do, and their commands are run against stubs."""

from __future__ import annotations

from tests.operations.engine_host import host, unit
from tests.operations.writer import writer
from tests.site import load, model
from tests.stubs import stubs

__all__ = ["host", "load", "model", "stubs", "unit", "writer"]
