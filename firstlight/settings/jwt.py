"""Settings of JSON Web Tokens: whose are accepted, and what they say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictInt, StrictStr

from firstlight.settings.section import Section
from firstlight.settings.value import Listed, SitePath, Url, text, whole, wrong

Algorithm = Literal["RS256", "ES256"]


def _https(value: str) -> str:
    if not value.startswith("https://"):
        raise wrong("an https URL: who can change the keys on their way can make any token")
    return value


def _some(value: tuple[Algorithm, ...]) -> tuple[Algorithm, ...]:
    if not value or len(set(value)) != len(value):
        raise wrong("RS256, ES256 or both, each once")
    return value


JwksUrl = Annotated[Url, AfterValidator(_https)]
Algorithms = Annotated[tuple[Algorithm, ...], Listed, AfterValidator(_some)]
Printable = Annotated[StrictStr, text(r"[\x21-\x7e]{1,512}", "1 to 512 characters without spaces")]
Claim = Annotated[
    StrictStr, text(r"[A-Za-z0-9_:/.-]{1,128}", "the name of a claim (example: preferred_username)")
]
Leeway = Annotated[StrictInt, AfterValidator(whole(0, 600, "a leeway in seconds"))]
Refresh = Annotated[StrictInt, AfterValidator(whole(60, 86_400, "a time in seconds"))]


class Jwt(Section):
    """Tokens of one issuer, accepted beside the API keys."""

    issuer: Printable = Field(
        description="Who issues the tokens: their claim iss, to the last character."
    )
    audience: Printable = Field(
        description="Whom the tokens are for: what their claim aud is, or has among others."
    )
    jwks_file: SitePath | None = Field(
        default=None,
        description="File on the control machine with the issuer's public keys (a JWKS).",
    )
    jwks_url: JwksUrl | None = Field(
        default=None,
        description="Where the edge's host fetches the issuer's public keys (a JWKS) itself, again "
        "and again.",
    )
    jwks_ca: SitePath | None = Field(
        default=None,
        description="For jwks_url: file with the CA certificates (PEM) of that server; by default "
        "those that the host's system trusts.",
    )
    jwks_refresh: Refresh = Field(
        default=300, description="For jwks_url: time between two fetches, in seconds."
    )
    algorithms: Algorithms = Field(
        default=("RS256", "ES256"), description="Which signatures are accepted."
    )
    leeway: Leeway = Field(
        default=60, description="How far the issuer's clock may be off, in seconds."
    )
    name: Claim = Field(
        default="sub", description="Claim that says who asks: for the limits and the log."
    )
    models: Claim | None = Field(
        default=None,
        description="Claim that lists the models that the token is for (a list, or a text with "
        "spaces between; * for all); without this setting every token is for all models.",
    )
    klass: Literal["gold", "standard"] = Field(
        default="standard", alias="class", description="Class whose limits the tokens have."
    )
