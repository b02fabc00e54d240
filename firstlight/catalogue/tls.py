"""What TLS an edge speaks, by profile."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

from pydantic import Field

from firstlight.catalogue.load import rows, table
from firstlight.catalogue.row import Row

PQ_SINCE = (3, 5)


class TlsProfile(Row):
    """A profile of Mozilla's guidelines."""

    protocols: tuple[str, ...] = Field(description="Versions of TLS, as nginx names them.")
    ciphers: tuple[str, ...] = Field(description="Ciphers of TLS 1.2, as OpenSSL names them.")
    groups: tuple[str, ...] = Field(description="Groups of the key exchange, best first.")
    groups_before_3_5: tuple[str, ...] = Field(description="Those that OpenSSL knew before 3.5.")

    def groups_of(self, openssl: str) -> tuple[str, ...]:
        """The groups that ``openssl`` (a version such as 3.0) knows."""
        version = tuple(int(part) for part in openssl.split(".")[:2])
        return self.groups if version >= PQ_SINCE else self.groups_before_3_5


@cache
def tls_profiles() -> MappingProxyType[str, TlsProfile]:
    """Profiles by name."""
    return rows(table("tls"), TlsProfile)
