"""What the unit tests share: settings of a small site, and stubs of programs."""

from __future__ import annotations

from tests.site import load, model
from tests.stubs import stubs

__all__ = ["load", "model", "stubs"]
