"""Vendor knowledge as data, each row with its source: models, engines, operating systems."""

from __future__ import annotations

from firstlight.catalogue.load import docker_archive, engines, models, systems
from firstlight.catalogue.row import Archive, EngineRow, ModelRow, System
from firstlight.catalogue.system import supported_system

__all__ = [
    "Archive",
    "EngineRow",
    "ModelRow",
    "System",
    "docker_archive",
    "engines",
    "models",
    "supported_system",
    "systems",
]
