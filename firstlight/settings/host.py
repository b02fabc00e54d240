"""Everything that is to be true of one host."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from firstlight.settings.base import Base
from firstlight.settings.docker import Docker
from firstlight.settings.edge import Edge
from firstlight.settings.firewall import Firewall
from firstlight.settings.hardening import Hardening
from firstlight.settings.model import Model
from firstlight.settings.monitor import Monitor
from firstlight.settings.nvidia import Nvidia
from firstlight.settings.ready import Ready
from firstlight.settings.section import Section
from firstlight.settings.ssh import Ssh
from firstlight.settings.uninstall import Uninstall
from firstlight.settings.value import Domain, Listed, Slug

STATE = ".firstlight"
"""Folder below the root that holds what a site keeps on the control machine."""


class HostSettings(Section):
    """The settings of one host, complete: every default is filled in, every path is absolute.

    ``name``, ``groups`` and ``root`` come from the inventory and the control machine; the rest
    are the top-level keys of the host's data.
    """

    name: str = Field(description="Name of the host in the inventory.")
    groups: frozenset[str] = Field(description="Groups of the inventory that the host is in.")
    root: Path = Field(description="Folder on the control machine that relative paths start from.")
    site: Slug = Field(
        default="firstlight", description="Name of the site: its state is in .firstlight/<site>."
    )
    address: Domain | None = Field(
        default=None,
        description="DNS name or IP address at which the host is reached; by default its domain.",
    )
    domain: Domain | None = Field(
        default=None,
        description="DNS name or IP address in the URL and the certificate; required for an edge.",
    )
    base: Base = Field(default_factory=Base, description="Packages and the clock.")
    firewall: Firewall = Field(default_factory=Firewall, description="What is let in.")
    ssh: Ssh = Field(default_factory=Ssh, description="Who logs in, and how.")
    docker: Docker = Field(default_factory=Docker, description="The container engine.")
    hardening: Hardening = Field(
        default_factory=Hardening, description="What makes a break-in harder."
    )
    models: Annotated[tuple[Model, ...], Listed] = Field(
        default=(), description="The models that the host serves."
    )
    nvidia: Nvidia = Field(description="NVIDIA's driver and container toolkit.")
    edge: Edge = Field(description="TLS and API keys before the engines.")
    monitor: Monitor = Field(
        default_factory=Monitor, description="What is measured, who is told, what is shown."
    )
    ready: Ready = Field(default_factory=Ready, description="The proof that the host serves.")
    uninstall: Uninstall = Field(
        default_factory=Uninstall, description="What deploys/uninstall.py removes beside our own."
    )

    @property
    def reached_at(self) -> str:
        """DNS name or IP address at which clients reach the host."""
        return self.address or self.domain or self.name

    @property
    def has_containers(self) -> bool:
        """Whether anything on the host runs in a container."""
        grafana, gpus = self.monitor.grafana, self.monitor.gpus
        watching = self.monitor.enabled and any(
            each.enabled and each.image is not None for each in (grafana, gpus)
        )
        return bool(self.models or self.edge.people or self.edge.guard or watching)

    @property
    def state_dir(self) -> Path:
        """Folder on the control machine with the site's CA, keys and receipts."""
        return self.root / STATE / self.site
