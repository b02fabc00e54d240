"""Settings of people's sign-in: who may open which web page through the edge."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StrictInt, StrictStr

from firstlight.settings.jwt import Printable
from firstlight.settings.secret_source import SecretSource
from firstlight.settings.section import Section
from firstlight.settings.value import Domain, Listed, SitePath, Url, text, whole, wrong


def _https(value: str) -> str:
    if not value.startswith("https://"):
        raise wrong("an https URL: people's sign-in goes there")
    return value


HttpsUrl = Annotated[Url, AfterValidator(_https)]
Prefix = Annotated[
    StrictStr,
    text(
        r"/(?!v1/|models/|api/|oauth2/)[a-z0-9][a-z0-9-]{0,62}/",
        "a path of one word between slashes that is not the API's (example: /grafana/)",
    ),
]
Loopback = Annotated[
    StrictStr,
    text(
        r"http://127\.0\.0\.1:[1-9][0-9]{0,4}",
        "http:// and a port of 127.0.0.1 (example: http://127.0.0.1:3000)",
    ),
]
EmailDomain = Annotated[
    StrictStr, text(r"\*|\.?[a-z0-9-]+(\.[a-z0-9-]+)+", "a domain (example: example.net), or *")
]
Image = Annotated[
    StrictStr,
    text(
        r"[a-z0-9./_:-]{1,200}@sha256:[0-9a-f]{64}",
        "an image by digest (quay.io/oauth2-proxy/oauth2-proxy@sha256:…)",
        fix="docker buildx imagetools inspect quay.io/oauth2-proxy/oauth2-proxy:v7.15.3",
    ),
]
Hours = Annotated[StrictInt, AfterValidator(whole(1, 720, "a time in hours"))]


class PeopleSite(Section):
    """One web page for people: where it is in the edge's URL, and what serves it."""

    path: Prefix = Field(description="Path below which it is, with both slashes.")
    upstream: Loopback = Field(description="What serves it on the same host.")


class People(Section):
    """Sign-in of people by OpenID Connect, through oauth2-proxy, before web pages."""

    issuer: HttpsUrl = Field(description="URL of the OpenID Connect provider.")
    issuer_hosts: Annotated[tuple[Domain, ...], Listed] = Field(
        default=(),
        description="Further hosts of the provider, as its discovery document names them: of its "
        "tokens, its keys, its user info. No others are reached.",
    )
    client_id: Printable = Field(description="Name of this edge at the provider.")
    client_secret: SecretSource = Field(description="Where its secret at the provider is.")
    email_domains: Annotated[tuple[EmailDomain, ...], Listed, Field(min_length=1)] = Field(
        description="Domains of the e-mail addresses that may sign in; * for all."
    )
    groups: Annotated[tuple[Printable, ...], Listed] = Field(
        default=(), description="Groups of which one is needed; by default none is."
    )
    provider_ca: SitePath | None = Field(
        default=None,
        description="File with the CA certificates (PEM) of the provider's server; by default "
        "those of the image.",
    )
    session_hours: Hours = Field(
        default=8, description="How long a sign-in lasts, in hours: a removed person stays so long."
    )
    image: Image = Field(description="oauth2-proxy's image, by digest.")
    sites: Annotated[tuple[PeopleSite, ...], Listed, Field(min_length=1)] = Field(
        description="The pages behind the sign-in."
    )
