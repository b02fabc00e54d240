"""Settings of the edge's TLS: where the certificate comes from, and what is spoken."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictInt, StrictStr

from firstlight.settings.secret_source import SecretSource
from firstlight.settings.section import Section
from firstlight.settings.value import Flag, Listed, SitePath, Url, text, whole, wrong

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
LETS_ENCRYPT_STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory"


def _https(value: str) -> str:
    if not value.startswith("https://"):
        raise wrong("an https URL: an ACME server is spoken to by TLS only")
    return value


LeafDays = Annotated[StrictInt, AfterValidator(whole(1, 397, "a life in days"))]
HstsSeconds = Annotated[StrictInt, AfterValidator(whole(0, 2**31 - 1, "a time in seconds"))]
HttpsUrl = Annotated[Url, AfterValidator(_https)]
Email = Annotated[
    StrictStr,
    text(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}", "an e-mail address (ops@example.net)"),
]
Provider = Annotated[
    StrictStr, text(r"[a-z0-9][a-z0-9-]{0,40}", "a DNS provider as lego names it (cloudflare)")
]
Variable = Annotated[
    StrictStr,
    text(
        r"[A-Z][A-Z0-9_]{0,60}(?<!_FILE)",
        "a variable as lego names it, without _FILE (example: CLOUDFLARE_DNS_API_TOKEN)",
    ),
]
Resolver = Annotated[
    StrictStr,
    text(r"[A-Za-z0-9.-]{1,200}(:[1-9][0-9]{0,4})?", "a name server (example: 192.0.2.53:53)"),
]


class Acme(Section):
    """How a public (or a private) ACME server gives the certificate."""

    directory: HttpsUrl = Field(
        default=LETS_ENCRYPT, description="URL of the ACME server's directory."
    )
    staging: Flag = Field(
        default=False,
        description="Rehearse with Let's Encrypt's staging server, whose certificates no client "
        "trusts.",
    )
    challenge: Literal["http-01", "tls-alpn-01", "dns-01"] = Field(
        default="http-01",
        description="What proves the domain: a file on port 80, a handshake on port 443, or a "
        "record in the DNS.",
    )
    email: Email | None = Field(
        default=None, description="Where the ACME server writes to; many ask for none."
    )
    dns_provider: Provider | None = Field(
        default=None, description="For dns-01: the DNS provider, as lego names it."
    )
    dns_credentials: dict[Variable, SecretSource] = Field(
        default_factory=dict,
        description="For dns-01: where the provider's settings are, by the name of lego's variable.",
    )
    dns_resolvers: Annotated[tuple[Resolver, ...], Listed] = Field(
        default=(), description="For dns-01: name servers to ask; by default the host's own."
    )
    dns_wait: Flag = Field(
        default=True,
        description="For dns-01: whether to wait until the domain's name servers show the record.",
    )
    server_ca: SitePath | None = Field(
        default=None,
        description="File with the root certificate of the ACME server's own HTTPS; none where "
        "the host's system trusts it.",
    )

    @property
    def url(self) -> str:
        """The directory that is really asked."""
        return LETS_ENCRYPT_STAGING if self.staging else self.directory


class Tls(Section):
    """TLS of the public port."""

    mode: Literal["internal-ca", "acme", "files", "self-signed"] = Field(
        default="internal-ca",
        description="Where the certificate comes from: the site's own CA, an ACME server, files "
        "on the control machine, or itself.",
    )
    profile: Literal["intermediate", "modern"] = Field(
        default="intermediate",
        description="Mozilla's guideline: TLS 1.2 and 1.3, or 1.3 only.",
    )
    hsts: HstsSeconds = Field(
        default=63_072_000,
        description="How long browsers are told to come by HTTPS only, in seconds; 0: not told.",
    )
    leaf_days: LeafDays = Field(
        default=90,
        description="Life of a certificate of the site's own CA or of itself, in days.",
    )
    certificate: SitePath | None = Field(
        default=None,
        description="For files: the certificate and what it was issued by (PEM), leaf first.",
    )
    key: SecretSource | None = Field(
        default=None, description="For files: where its private key is (PEM, without pass phrase)."
    )
    ca: SitePath | None = Field(
        default=None,
        description="For files and acme: the root certificate that clients check with; by "
        "default what their system trusts.",
    )
    acme: Acme = Field(default_factory=Acme, description="For acme: the server and the proof.")
