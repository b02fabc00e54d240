"""What the edge tells of its requests: a line of JSON each, and sums for Prometheus."""

from __future__ import annotations

from firstlight.rendering import render, verbatim

LOGS = "/var/log/firstlight-edge"
"""A folder that only root and nginx's own group may look into: who asked what is nobody else's."""
LOG = f"{LOGS}/access.log"
METRICS = "/var/lib/firstlight/edge"
"""Where programs beside nginx leave metrics of theirs (``*.prom``), readable for all."""
# So many keys and models as are told apart take a quarter of it.
ZONE = "8m"
TEMPLATES = "etc/nginx/firstlight"


def files(folder: str) -> dict[str, str]:
    """Return the files of a release in ``folder`` that log and count, by name.

    log.conf belongs into http, after ``$client`` and ``$model`` are declared; measure.conf into
    each location that leads to an engine; metrics.conf into the server on the private socket.
    """
    return {
        "log.conf": render(f"{TEMPLATES}/log.conf", folder=folder, log=LOG, zone=ZONE),
        "measure.conf": render(f"{TEMPLATES}/measure.conf"),
        "metrics.conf": render(f"{TEMPLATES}/metrics.conf"),
        "measure.js": verbatim(f"{TEMPLATES}/measure.js"),
        "metrics.js": verbatim(f"{TEMPLATES}/metrics.js"),
    }
