"""The DCGM exporter of a host: which one runs, and which one is written."""

from __future__ import annotations

from firstlight.facts.guard import GuardState


class GpuExporterState(GuardState):
    """Return what :class:`GuardState` returns, of another unit with a container."""
