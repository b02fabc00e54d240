"""Issuance: the ACME server's certificate, asked for through the edge that runs.

Owns nothing beyond what the certificates role does. It comes after the edge, which answers the
server's challenge, and before the proof that all is well.
"""

from __future__ import annotations

from pyinfra.api.deploy import deploy

from firstlight.edge import tls
from firstlight.operations import certificates as operations
from firstlight.settings import HostSettings
from roles.certificates import wanted
from roles.owned import Owned

OWNS = Owned()


@deploy("Issuance")
def issuance(settings: HostSettings) -> None:
    """Get the certificate if it is not there or not right, and see what the edge shows."""
    # activate
    operations.issued(
        name="See the edge's certificate",
        place=tls.place(settings),
        purpose=wanted(settings) if settings.edge.tls.mode == "acme" else "",
    )
