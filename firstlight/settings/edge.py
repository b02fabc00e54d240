"""Settings of the edge role: the only door of the host."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictStr

from firstlight.settings.guard import Guard
from firstlight.settings.jwt import Jwt
from firstlight.settings.limits import Classes, Strangers
from firstlight.settings.people import People
from firstlight.settings.section import Section
from firstlight.settings.tls import Tls
from firstlight.settings.value import Flag, Listed, Port, Seconds, SitePath, text

BodyLimit = Annotated[
    StrictStr, text(r"[1-9][0-9]{0,5}[kmg]", "a size as nginx writes it (examples: 512k, 32m, 1g)")
]


class Edge(Section):
    """nginx with TLS and API keys before the engines."""

    enabled: Flag = Field(
        description="Whether the host has an edge; by default it has one if it serves a model."
    )
    port: Port = Field(default=443, description="TCP port of the HTTPS endpoint.")
    http_port: Port = Field(default=80, description="TCP port that redirects to HTTPS.")
    api_keys: SitePath = Field(
        description="File on the control machine with the API keys; by default "
        ".firstlight/<site>/keys/api-keys.toml below the root."
    )
    hosts: Annotated[tuple[StrictStr, ...], Listed] | None = Field(
        default=None,
        description="Hosts of the inventory whose models it offers; by default itself and every "
        "host with models that has no edge.",
    )
    guard: Guard | None = Field(
        default=None, description="What looks at prompts and answers; nothing without it."
    )
    classes: Classes = Field(
        default_factory=Classes, description="Limits of the classes of API keys."
    )
    strangers: Strangers = Field(
        default_factory=Strangers, description="Limits of an address without a known key."
    )
    jwt: Jwt | None = Field(
        default=None,
        description="Tokens of an identity provider that are accepted beside API keys.",
    )
    people: People | None = Field(
        default=None, description="Sign-in of people before web pages, by OpenID Connect."
    )
    body_limit: BodyLimit = Field(
        default="32m", description="Largest request body, in nginx's units (k, m, g)."
    )
    read_timeout: Seconds = Field(
        default=3600, description="Longest silence of an engine before a request ends, in seconds."
    )
    tls: Tls = Field(default_factory=Tls, description="The certificate, and what is spoken.")
