"""Vendor knowledge as data, each row with its source: models, engines, operating systems."""

from __future__ import annotations

from firstlight.catalogue.architecture import Architecture
from firstlight.catalogue.load import docker_archive, engines, models, refused_models, systems
from firstlight.catalogue.row import Archive, EngineRow, ModelRow, RefusedModel, System
from firstlight.catalogue.system import supported_system

__all__ = [
    "Architecture",
    "Archive",
    "EngineRow",
    "ModelRow",
    "RefusedModel",
    "System",
    "docker_archive",
    "engines",
    "models",
    "refused_models",
    "supported_system",
    "systems",
]
