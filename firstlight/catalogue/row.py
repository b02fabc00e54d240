"""What the rows of the catalogue look like."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from firstlight.catalogue.architecture import Architecture


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
    title: str = Field(default="", description="Its name as its makers write it.")
    aliases: tuple[str, ...] = Field(default=(), description="Other names that people give it.")
    quantization: str = Field(default="bf16", description="Format of the published weights.")
    like: str = Field(default="", description="Row whose architecture it has; empty: its own.")
    architecture: Architecture | None = Field(default=None, description="Its dimensions.")
    variants: tuple[str, ...] = Field(
        default=(), description="Rows of the same model in smaller formats, largest first."
    )
    smaller: tuple[str, ...] = Field(
        default=(), description="Rows of smaller models for the same work, largest first."
    )
    uses: tuple[str, ...] = Field(default=(), description="What it is recommended for.")
    tool_parser: str = Field(default="", description="vLLM's parser of its tool calls.")
    reasoning_parser: str = Field(default="", description="vLLM's parser of its reasoning.")
    args: dict[str, bool | int | str] = Field(
        default_factory=dict, description="Flags that vLLM needs for it."
    )
    oldest_vllm: str = Field(default="", description="First version of vLLM that serves it.")
    ollama: str = Field(default="", description="Its name in Ollama's library; empty: unknown.")


class RefusedModel(Row):
    """A model that is asked for and cannot be had, with what to take instead."""

    names: tuple[str, ...] = Field(description="Short names and repositories it is asked for by.")
    reason: str = Field(description="Why not, in one sentence.")
    successors: tuple[str, ...] = Field(description="Rows to take instead, nearest first.")


class Use(Row):
    """A use of models, what it has to hold, and the engine for it."""

    requirement: str = Field(description="What is required, in one line.")
    context: int = Field(description="Tokens of one request that have to fit.")
    concurrency: int = Field(description="Requests at a time that have to fit.")
    engine: str = Field(description="Engine that suits it.")
    reason: str = Field(description="Why that engine.")


class EngineRow(Row):
    """What the settings must know of an engine."""

    title: str = Field(description="Its name as its makers write it.")
    legacy: str = Field(default="", description="Why not to choose it for a new host.")
    image: str = Field(description="Image that is usual, without a tag.")
    minimum_driver: int = Field(description="Oldest driver branch that its image runs with.")
    compute: str = Field(description="Lowest compute capability that it serves on.")
    formats: tuple[Literal["safetensors", "gguf", "ollama", "repository"], ...] = Field(
        description="Kinds of weights that it reads."
    )
    parallel: tuple[Literal["tensor", "pipeline", "data", "nodes"], ...] = Field(
        description="How one copy can be spread: inside a host, and over several (nodes)."
    )
    lora: bool = Field(description="Whether it serves LoRA adapters beside the model.")
    speculative: tuple[str, ...] = Field(
        description="Methods of speculative decoding; those that end in * stand for all with "
        "that beginning."
    )
    drafted: tuple[str, ...] = Field(
        default=(), description="Those of them that need a draft model's weights."
    )
    knows: tuple[str, ...] = Field(
        description="Optional settings of a model that it can follow; others are mistakes."
    )
    flags: bool = Field(default=True, description="Whether it takes flags on its command line.")
    spaces: bool = Field(default=True, description="Whether a flag's value may hold spaces.")
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
    njs_version: str = Field(
        default="", description="Version of njs in its nginx packages; empty: it has none."
    )
    nginx_refused: str = Field(default="", description="Why its nginx cannot be the edge.")
    openssl: str = Field(
        default="", description="Version of OpenSSL, major and minor; empty: no edge runs here."
    )
    acme_packages: tuple[str, ...] = Field(
        default=(), description="Packages of lego 4, the ACME client; none: it has none."
    )
    stream_packages: tuple[str, ...] = Field(
        default=(), description="Packages of nginx's stream module, for tls-alpn-01."
    )
    prometheus_version: str = Field(
        default="", description="Version of the distribution's Prometheus; empty: it has none."
    )
    prometheus_packages: tuple[str, ...] = Field(
        default=(), description="Packages of Prometheus and its blackbox exporter."
    )
    monitor_refused: str = Field(default="", description="Why it cannot be a monitor.")
    node_exporter_packages: tuple[str, ...] = Field(
        default=(), description="Packages of Prometheus' node exporter; none: it has none."
    )
