"""Settings of a receiver of alerts: where messages go, and what for."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StrictInt, StrictStr, model_validator

from firstlight.settings.jwt import Printable
from firstlight.settings.secret_source import SecretSource
from firstlight.settings.section import Section
from firstlight.settings.value import Domain, Flag, Listed, Port, SitePath, Url, text, whole, wrong

Severity = Literal["critical", "warning", "info"]
KINDS = ("email", "webhook", "slack", "pagerduty")
_ONE_URL = "url, or secret_url where the URL itself is a secret: one of the two"
Address = Annotated[
    StrictStr,
    text(
        r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,253}", "an e-mail address (example: a@example.net)"
    ),
]
Minutes = Annotated[StrictInt, AfterValidator(whole(1, 10080, "a time in minutes"))]
Beat = Annotated[StrictInt, AfterValidator(whole(10, 3600, "a time in seconds"))]


class Email(Section):
    """Messages by e-mail, through a mail server of yours."""

    to: Annotated[tuple[Address, ...], Listed, Field(min_length=1)] = Field(
        description="Addresses that get the messages."
    )
    sender: Address = Field(description="Address that they come from.")
    server: Domain = Field(description="The mail server's name.")
    port: Port = Field(default=587, description="Its port; 465 speaks TLS from the first byte.")
    tls: Flag = Field(default=True, description="Whether the connection has to be encrypted.")
    user: Printable | None = Field(default=None, description="Name to sign in with.")
    password: SecretSource | None = Field(default=None, description="Where its password is.")
    ca: SitePath | None = Field(
        default=None, description="File with the CA certificates (PEM) of the server."
    )

    @model_validator(mode="after")
    def _signed_in(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise wrong("user and password together, or neither")
        if self.password is not None and not self.tls:
            raise wrong("tls where there is a password: it would be sent in the clear")
        return self


class Webhook(Section):
    """Messages as JSON to a URL of yours."""

    url: Url | None = Field(default=None, description="URL that gets a POST for each message.")
    secret_url: SecretSource | None = Field(
        default=None, description="Where the URL is, when whoever knows it may use it."
    )
    token: SecretSource | None = Field(
        default=None, description="Where the token is that is sent along (Bearer)."
    )
    ca: SitePath | None = Field(
        default=None, description="File with the CA certificates (PEM) of the server."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.url is None) == (self.secret_url is None):
            raise wrong(_ONE_URL)
        return self


class Slack(Section):
    """Messages to Slack, or to what takes the same (Mattermost, Rocket.Chat)."""

    url: SecretSource = Field(description="Where the incoming webhook's URL is.")
    channel: Printable | None = Field(
        default=None, description="Channel, where the webhook has none of its own."
    )
    ca: SitePath | None = Field(
        default=None, description="File with the CA certificates (PEM) of the server."
    )


class Pagerduty(Section):
    """Incidents in PagerDuty, by its events API version 2."""

    key: SecretSource = Field(description="Where the integration key is.")
    url: Url = Field(
        default="https://events.pagerduty.com/v2/enqueue", description="URL that takes events."
    )
    ca: SitePath | None = Field(
        default=None, description="File with the CA certificates (PEM) of the server."
    )


class Receiver(Section):
    """One receiver: exactly one of email, webhook, slack and pagerduty."""

    email: Email | None = Field(default=None, description="Messages by e-mail.")
    webhook: Webhook | None = Field(default=None, description="Messages as JSON.")
    slack: Slack | None = Field(default=None, description="Messages to Slack or its like.")
    pagerduty: Pagerduty | None = Field(default=None, description="Incidents in PagerDuty.")
    severities: Annotated[tuple[Severity, ...], Listed, Field(min_length=1)] = Field(
        default=("critical", "warning"), description="Which alerts it gets."
    )
    resolved: Flag = Field(default=True, description="Whether it is told when it is over, too.")
    repeat: Minutes = Field(
        default=240, description="Minutes after which it is told again of what is not over."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(getattr(self, kind) is not None for kind in KINDS) != 1:
            raise wrong(f"one of {', '.join(KINDS[:-1])} and {KINDS[-1]}")
        return self

    @property
    def kind(self) -> str:
        """Which of the four it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def target(self) -> Email | Webhook | Slack | Pagerduty:
        """Where the messages go."""
        found: Email | Webhook | Slack | Pagerduty = getattr(self, self.kind)
        return found


class Watchdog(Webhook):
    """A dead man's switch: somebody else's service, which calls you when our POSTs stop."""

    every: Beat = Field(default=60, description="Seconds between two signs of life.")
