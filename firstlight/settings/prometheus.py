"""Settings of Prometheus: how long it keeps what it measures, and where else that goes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ByteSize, Field, StrictInt, StrictStr

from firstlight.settings.secret_source import SecretSource
from firstlight.settings.section import Section
from firstlight.settings.value import Listed, SitePath, Size, Url, text, whole

Days = Annotated[StrictInt, AfterValidator(whole(1, 3650, "a number of days"))]
# After five minutes without a new sample Prometheus forgets: an alert would come and go.
ProbeSeconds = Annotated[StrictInt, AfterValidator(whole(10, 240, "a time in seconds"))]
Label = Annotated[
    StrictStr,
    text(
        r"(?!__)(?!(site|monitor|instance|job)$)[a-z_][a-z0-9_]{0,62}",
        "the name of a label that firstlight does not set (example: datacentre)",
    ),
]
LabelValue = Annotated[StrictStr, text(r"[^\x00-\x1f\x7f]{1,200}", "1 to 200 characters")]
UserName = Annotated[StrictStr, text(r"[^\s:]{1,200}", "a user name without blanks and colons")]


class RemoteWrite(Section):
    """Another store that gets every sample, by Prometheus's own protocol."""

    url: Url = Field(description="Where it takes samples (example: https://m.example.net/write).")
    username: UserName | None = Field(default=None, description="User name for it.")
    password: SecretSource | None = Field(
        default=None, description="Where the password for it comes from."
    )
    ca: SitePath | None = Field(
        default=None, description="CA of its certificate; by default those of the system."
    )


class Prometheus(Section):
    """Prometheus on a monitor."""

    mode: Literal["server", "agent"] = Field(
        default="server", description="server; agent: sends everything on and keeps nothing."
    )
    retention_days: Days = Field(default=30, description="Days after which samples are dropped.")
    retention_size: Size = Field(
        default=ByteSize(20_000_000_000),
        description="Size of its database at which the oldest samples are dropped.",
    )
    memory: Size = Field(
        default=ByteSize(4_000_000_000),
        description="Memory that it may have; what serves is never short of it.",
    )
    probe_interval: ProbeSeconds = Field(
        default=60, description="Seconds between two requests for a first token of each model."
    )
    remote_write: Annotated[tuple[RemoteWrite, ...], Listed] = Field(
        default=(), max_length=8, description="Other stores that get every sample."
    )
    rules: Annotated[tuple[SitePath, ...], Listed] = Field(
        default=(), max_length=100, description="Files with rules of your own."
    )
    labels: dict[Label, LabelValue] = Field(
        default_factory=dict, description="Labels of everything that is alerted or sent on."
    )
