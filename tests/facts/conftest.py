"""Facts read the machine the tests run on, or a folder made to look like a host."""

from __future__ import annotations

from tests.stubs import stubs

__all__ = ["stubs"]
