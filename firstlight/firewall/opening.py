"""An opening: ports of a host, and who may reach them. Roles declare them, nothing else is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Protocol = Literal["tcp", "udp", "gre", "esp", "ah", "vrrp", "sctp"]
ANYWHERE = "anywhere"
ADMIN = "admin networks"


@dataclass(frozen=True)
class Opening:
    """Ports that a role of the host needs open.

    ``sources`` are the networks (CIDR) and addresses that may reach them; ``said`` is how the
    declaration names them: "anywhere", "admin networks", "group edge". Without sources nobody may,
    unless it says anywhere. An opening of a protocol without ports has none.
    """

    role: str
    ports: tuple[int, ...]
    sources: tuple[str, ...] = ()
    said: str = ANYWHERE
    protocol: Protocol = "tcp"
    why: str = ""

    @property
    def comment(self) -> str:
        """What the rule says of itself."""
        return f"{self.role}: {self.why or 'from ' + self.said}"

    @property
    def anywhere(self) -> bool:
        """Whether all of the world may reach them."""
        return self.said == ANYWHERE

    def family(self, version: int) -> tuple[str, ...]:
        """Return the sources of IP ``version`` 4 or 6."""
        return tuple(each for each in self.sources if (":" in each) == (version == 6))
