"""What the rows of the catalogue look like."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Row(BaseModel):
    """A fact of a vendor with the place it was read at."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    source: str = Field(description="Where the row was read, and when.")
    checked: bool = Field(description="True where the source itself was read, False for knowledge.")


class ModelRow(Row):
    """A model that can be named by its short name."""

    repo: str = Field(description='Repository on the model hub, as "organisation/name".')
    engine: Literal["vllm", "llamacpp"] = Field(description="Engine to serve it with.")
    context: int = Field(description="Context that the model was trained for, in tokens.")
    bytes: int = Field(description="Size of the weights as they are published, in bytes.")
    licence: str = Field(description="Licence of the weights, by its common name.")
    gated: bool = Field(description="Whether the hub asks for a token and an agreement.")
    note: str = Field(default="", description="What one should know before choosing it.")


class EngineRow(Row):
    """What the settings must know of an engine."""

    include: tuple[str, ...] = Field(description="Patterns of the repository files it reads.")
    single_file: bool = Field(description="Whether it serves one file rather than a folder.")
    abbreviates: bool = Field(description="Whether it takes the start of a flag for the flag.")
    owned: dict[str, str] = Field(description="Flags that firstlight sets: flag → its setting.")
    refused: dict[str, str] = Field(description="Flags that are refused: flag → reason.")


class Archive(Row):
    """A package archive of a vendor, with the fingerprint its key must have."""

    url: str = Field(
        description="Base URL; what is appended is the system's id for apt, as in url/debian, "
        "and its version for dnf, as in url/9."
    )
    key_url: str = Field(description="URL of the signing key, with {id} for the system's id.")
    fingerprint: str = Field(description="Fingerprint of the signing key, 40 hex digits.")


class System(Row):
    """An operating system release that hosts may run."""

    id: str = Field(description="ID of /etc/os-release.")
    version: str = Field(
        description="VERSION_ID of /etc/os-release; where the manager is dnf, its major version."
    )
    codename: str = Field(description="VERSION_CODENAME of /etc/os-release; empty: it has none.")
    systemd: int = Field(description="Major version of systemd.")
    manager: Literal["apt", "dnf"] = Field(description="What installs packages.")
    clock: str = Field(description="Package of the distribution's own keeper of the clock.")
    clock_unit: str = Field(description="Its systemd unit.")
    python: str = Field(
        default="/usr/bin/python3", description="A Python that the fetch program runs with."
    )
    certificates: str = Field(
        default="/etc/ssl/certs/ca-certificates.crt",
        description="File with the certificates of the CAs that the system trusts.",
    )
    docker_version: str = Field(
        description="Version of the distribution's own Docker; empty: it has none."
    )
    docker_packages: tuple[str, ...] = Field(description="The distribution's packages of Docker.")
    docker_cdi: bool = Field(description="Whether the distribution's Docker can pass GPUs by CDI.")
    docker_refused: str = Field(default="", description="Why its own Docker cannot be used.")
    upstream_packages: tuple[str, ...] = Field(description="Packages in Docker's own archive.")
    nginx_version: str = Field(description="Version of the distribution's nginx.")
    nginx_packages: tuple[str, ...] = Field(description="Packages of nginx with njs.")
    nginx_refused: str = Field(default="", description="Why its nginx cannot be the edge.")
