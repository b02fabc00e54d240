"""Settings of SSH: who may log in, and what their connections may be used for."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StrictStr

from firstlight.settings.section import Section
from firstlight.settings.value import Flag, Listed, text, wrong


def _each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise wrong("each user once")
    return values


# Not a pattern of sshd's: what a list means would then depend on accounts that are yet to come.
User = Annotated[
    StrictStr,
    text(
        r"[a-z_][a-z0-9_.-]{0,31}",
        "the name of an account, in lower case (example: ops); no pattern, no address",
    ),
]


class Ssh(Section):
    """How people and programs log in to the host: with keys, by modern algorithms."""

    enabled: Flag = Field(
        default=True, description="Whether firstlight configures sshd; False leaves it alone."
    )
    users: Annotated[tuple[User, ...], Listed, AfterValidator(_each_once)] = Field(
        default=(),
        description="The accounts that may log in; by default all that have a key. root is one "
        "like any other: without it here root cannot log in.",
    )
    forwarding: Flag = Field(
        default=False,
        description="Whether connections may be passed on (AllowTcpForwarding): a jump host and "
        "`ssh -L` need it.",
    )
