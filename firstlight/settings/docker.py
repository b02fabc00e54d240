"""Settings of the docker role: where Docker comes from and how its daemon is set up."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StrictStr

from firstlight.settings.section import Section
from firstlight.settings.value import SitePath, text

RegistryHost = Annotated[
    StrictStr,
    text(
        r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?",
        "a registry's host, with its port if it has one (example: registry.example.net:5000)",
    ),
]


class Registry(Section):
    """How one image registry is reached."""

    ca: SitePath | None = Field(
        default=None,
        description="File on the control machine with the CA certificate (PEM) that signed the "
        "registry's certificate; none where a public CA did.",
    )


class Docker(Section):
    """The container engine of the host."""

    source: Literal["distribution", "docker"] = Field(
        default="distribution",
        description="Whose packages: the distribution's own, or those of Docker's repository.",
    )
    daemon: dict[str, JsonValue] = Field(
        default_factory=dict, description="Keys merged over firstlight's own in daemon.json."
    )
    registries: dict[RegistryHost, Registry] = Field(
        default_factory=dict,
        description='Image registries with a CA of their own, by "host" or "host:port".',
    )
