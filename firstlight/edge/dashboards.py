"""Grafana behind nginx: HTTPS on a port of its own, for people in the admin networks."""

from __future__ import annotations

from dataclasses import dataclass

from firstlight.catalogue.tls import tls_profiles
from firstlight.edge.release import TEMPLATES, Texts
from firstlight.pki import Leaf
from firstlight.rendering import render

GRAFANA_PORT = 3000
"""Loopback port of Grafana: its own default."""
PROFILE = "intermediate"


@dataclass(frozen=True)
class Dashboards:
    """What people reach at TCP ``port``.

    ``pair`` is the folder on the host with tls.crt and tls.key of its edge; empty where it has
    none, and shows ``leaf``.
    """

    port: int
    pair: str = ""
    leaf: Leaf | None = None

    def files(self, folder: str, *, ipv6: bool, openssl: str) -> Texts:
        """Return the release's files by name; ``openssl`` is the version on the host."""
        profile = tls_profiles()[PROFILE]
        certificate = self.pair or folder
        names = ("tls.crt", "tls.key") if self.pair else ("dashboards.crt", "dashboards.key")
        conf = render(
            f"{TEMPLATES}/dashboards.conf",
            ipv6=ipv6,
            port=self.port,
            certificate=f"{certificate}/{names[0]}",
            key=f"{certificate}/{names[1]}",
            protocols=profile.protocols,
            ciphers=profile.ciphers,
            groups=profile.groups_of(openssl),
            folder=folder,
            upstream=f"http://127.0.0.1:{GRAFANA_PORT}",
        )
        way = render(f"{TEMPLATES}/to-dashboards.conf")
        made: Texts = {"dashboards.conf": conf, "to-dashboards.conf": way}
        if self.leaf is None:
            return made
        return {**made, "dashboards.crt": self.leaf.cert_pem, "dashboards.key": self.leaf.key}
