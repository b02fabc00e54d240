"""What the exporter's tests share."""

from __future__ import annotations

from tests.site import load
from tests.stubs import stubs
from tests.unit.exporter.machine import machine

__all__ = ["load", "machine", "stubs"]
