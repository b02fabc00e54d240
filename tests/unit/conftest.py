"""What the unit tests share: settings of a small site, stubs of programs, an HTTPS server."""

from __future__ import annotations

from tests.site import load, model
from tests.stubs import stubs
from tests.unit.server import server

__all__ = ["load", "model", "server", "stubs"]
