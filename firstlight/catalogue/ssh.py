"""What sshd can do on each system, and the lines that hold on all of them."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import Any

from pydantic import Field

from firstlight.catalogue.load import rows, table
from firstlight.catalogue.row import Row, System


class SshRow(Row):
    """The OpenSSH of a system's release: its algorithms best first, and what it knows."""

    openssh: str = Field(description="Version of OpenSSH, major and minor.")
    unit: str = Field(description="systemd unit of sshd, without .service.")
    kex: tuple[str, ...] = Field(description="Key exchanges.")
    ciphers: tuple[str, ...] = Field(description="Ciphers.")
    macs: tuple[str, ...] = Field(description="Message authentication codes.")
    host_keys: tuple[str, ...] = Field(description="Signatures of host keys.")
    rsa_size: bool = Field(description="Whether it knows RequiredRSASize.")
    penalties: bool = Field(description="Whether it knows PerSourcePenalties.")


class SshGroup(Row):
    """Lines of sshd_config that one control switches."""

    title: str = Field(description="What the lines are about; it stands above them.")
    lines: tuple[str, ...] = Field(description='The lines, each "Keyword value".')


def _written(part: str) -> dict[str, Any]:
    found: dict[str, Any] = table("ssh")[part]
    return found


@cache
def ssh_rows() -> MappingProxyType[str, SshRow]:
    """Rows by "id version" of the system; one of dnf's stands for all that are built like RHEL."""
    written = _written("system")
    every = written.pop("every")
    return rows({name: every | row for name, row in written.items()}, SshRow)


@cache
def ssh_groups() -> MappingProxyType[str, SshGroup]:
    """Lines that are the same on all systems, by the control that switches them."""
    return rows(_written("group"), SshGroup)


def ssh_row(system: System) -> SshRow:
    """The row of ``system``."""
    family = "rhel" if system.manager == "dnf" else system.id
    return ssh_rows()[f"{family} {system.version}"]
