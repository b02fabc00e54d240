"""Secrets before a run's first change: had from their sources, or on the host already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pyinfra import host

from firstlight.errors import FirstlightError
from firstlight.facts.credentials import Held, HeldCredentials
from firstlight.operations.credentials import missing
from firstlight.secrets.needed import Part, credentials, had
from firstlight.settings import HostSettings

ENCRYPTED_SINCE = 250
"""systemd's first version whose units decrypt credentials."""


def require_secrets(settings: HostSettings, systemd: int, *parts: Part) -> None:
    """Have all secrets of these ``parts`` of the current host.

    Raises one :class:`FirstlightError` that says all that cannot be had.
    """
    found = had(settings, parts)
    names = credentials(settings, parts)
    if names:  # what is on the host costs a look at it
        held: dict[str, Held] = host.get_fact(HeldCredentials, names=names) or {}
        found += credential_obstacles(settings.name, names, held, systemd)
    if found:
        raise FirstlightError("\n".join(str(error) for error in found))


def credential_obstacles(
    where: str, names: tuple[str, ...], held: Mapping[str, Held], systemd: int
) -> Iterator[FirstlightError]:
    """Yield why units of the host could not load the credentials of these ``names``."""
    for name in names:
        at = held.get(name)
        if at is None:
            yield missing(name, where)
        elif at.encrypted and systemd < ENCRYPTED_SINCE:
            yield FirstlightError(
                f"the host's systemd cannot decrypt the credential {name}",
                where=where,
                why=f"it is version {systemd}, and {ENCRYPTED_SINCE} is the first that can",
                fix=f"put the secret into /etc/credstore/{name} (0600), or name another source",
            )
        elif not at.encrypted and not at.private:
            yield FirstlightError(
                f"the credential {name} can be read by others",
                where=f"{where}: {at.path}",
                fix=f"chmod 600 {at.path}, and replace it if others use the host",
            )
