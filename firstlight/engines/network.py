"""The network of one engine: two addresses, the host's, which asks, and the container's.

Each engine has one of its own, without a route to anywhere and without a name server. It is made
by :mod:`firstlight.engines.bridge`, on the host, before the container starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from firstlight.settings.check_place import NETWORKS

RANGE = "198.18.0.0/15"
FIRST = IPv4Address(RANGE.partition("/")[0])
"""Of the addresses for tests of network devices (RFC 2544, 198.18.0.0/15): no host has one, and
no router takes one on. They are as many as networks of four are needed."""
SIZE = 4
PREFIX = "fl-"
"""What the names of all these networks and of their bridges begin with: the firewall goes by it."""
LABEL = "firstlight.network"
"""Label of a network that was made here, and that goes when no engine uses it."""


@dataclass(frozen=True)
class EngineNetwork:
    """The network of the engine whose ``port`` this is.

    No port is opened by it: it is the number that tells engines of one host apart. Two whose
    numbers are equal modulo :data:`NETWORKS` would meet, which the settings refuse.
    """

    port: int

    @property
    def name(self) -> str:
        """Name of the network and of its bridge: no longer than Linux allows, 15 characters."""
        return f"{PREFIX}{self.port}"

    @property
    def subnet(self) -> str:
        """All of it, as CIDR."""
        return f"{self._at(0)}/30"

    @property
    def host(self) -> str:
        """The host's address there."""
        return str(self._at(1))

    @property
    def container(self) -> str:
        """The engine's address."""
        return str(self._at(2))

    def made_by(self) -> list[str]:
        """Return the words that tell :mod:`firstlight.engines.bridge` to make it."""
        return [self.name, self.subnet, self.host]

    def joined_by(self) -> list[str]:
        """Return the words of ``docker run`` that put a container into it.

        Docker's own name server goes on to the one that is named: whoever asks it asks itself, so
        that no name leads out, whatever version of Docker it is and whatever it passes on.
        """
        return [
            "--network", self.name, "--ip", self.container,
            "--dns", self.container, "--dns-search", ".",
        ]  # fmt: skip

    def _at(self, place: int) -> IPv4Address:
        return FIRST + self.port % NETWORKS * SIZE + place
