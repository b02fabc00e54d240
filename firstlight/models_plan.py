"""What the deploys of the store of weights work with."""

from __future__ import annotations

from dataclasses import dataclass

from firstlight.catalogue import System
from firstlight.plan import ground, refusing
from firstlight.secret_plan import require_secrets
from firstlight.settings import HostSettings
from firstlight.weights import bundle
from firstlight.weights.wants import every


@dataclass(frozen=True)
class ModelsPlan:
    """One host: its settings, its system's words, the fetch program, the folders it wants."""

    settings: HostSettings
    system: System
    fetch_program: bytes
    folders: tuple[str, ...]


def models_plan() -> ModelsPlan:
    """Return the current host's plan for its weights alone, or refuse the run."""
    with refusing():
        settings, probe, system = ground()
        require_secrets(settings, probe.systemd, "weights")
        folders = tuple(want.folder for want in every(settings.models))
        program = bundle.archive(settings.state_dir / "cache")
    return ModelsPlan(settings, system, program, folders)
