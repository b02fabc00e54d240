"""The typed description of a site: what is to be true of each host.

The settings of one host are built from a plain mapping, the resolved data of the inventory.
Nothing here knows how hosts are reached or changed.
"""

from __future__ import annotations

from firstlight.settings.base import Base
from firstlight.settings.docker import Docker, Registry
from firstlight.settings.edge import Edge
from firstlight.settings.guard import Guard
from firstlight.settings.host import STATE, HostSettings
from firstlight.settings.load import load_host, load_site
from firstlight.settings.model import Model
from firstlight.settings.nvidia import Mirror, Nvidia
from firstlight.settings.problem import Problem, SettingsError
from firstlight.settings.ready import Ready

__all__ = [
    "STATE",
    "Base",
    "Docker",
    "Edge",
    "Guard",
    "HostSettings",
    "Mirror",
    "Model",
    "Nvidia",
    "Problem",
    "Ready",
    "Registry",
    "SettingsError",
    "load_host",
    "load_site",
]
