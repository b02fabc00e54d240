"""Where the time goes between a bare host and its first token.

A phase is a part of the run that an operator recognises. Operations belong to phases by the
role they stand in; what happens before the first operation is read off the process's clock.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

ORDER = (
    "connect",
    "packages",
    "driver",
    "image",
    "weights",
    "engine start",
    "edge",
    "first token",
)

PHASE_OF_ROLE = {
    "Base": "packages",
    "Nvidia": "driver",
    "Docker": "packages",
    "Gpus": "driver",
    "Image": "image",
    "Models": "weights",
    "Engine": "engine start",
    "Certificates": "edge",
    "Jwks": "edge",
    "Guard": "edge",
    "Edge": "edge",
    "Issuance": "edge",
    "Ready": "first token",
}


@dataclass
class PhaseClock:
    """Seconds spent per host and phase.

    ``started`` is the Unix time at which the operator's command began.
    """

    started: float
    connected: float = field(default_factory=time.time)
    _seconds: dict[str, dict[str, float]] = field(default_factory=dict)

    def add(self, host: str, operation: str, seconds: float) -> None:
        """Count ``seconds`` of ``operation`` (named ``Role | what it does``) for ``host``."""
        phase = PHASE_OF_ROLE.get(operation.split(" | ", 1)[0])
        if phase is not None:
            phases = self._seconds.setdefault(host, {})
            phases[phase] = phases.get(phase, 0.0) + seconds

    def seconds(self, host: str) -> dict[str, float]:
        """Return seconds by phase for ``host``, in :data:`ORDER`, with the connection first."""
        spent = {"connect": self.connected - self.started, **self._seconds.get(host, {})}
        # Only a host with GPUs has a driver to wait for.
        shown = [phase for phase in ORDER if phase in spent or phase != "driver"]
        return {phase: round(spent.get(phase, 0.0), 3) for phase in shown}

    def total(self) -> float:
        """Return the seconds since the operator's command began."""
        return round(time.time() - self.started, 3)


def as_line(phases: Mapping[str, float]) -> str:
    """Return ``phases`` as one readable line: ``connect 0.6 s · packages 21.4 s · …``."""
    return " · ".join(f"{name} {phases[name]:.1f} s" for name in ORDER if name in phases)
