"""Services of the lab on the bridge address: an OCI registry, a model hub, a package archive, ACME.

They are programs of their own and go on when the command that started them has ended.
"""

from __future__ import annotations

from typing import Any

from firstlight.lab.services import acme, archive, model_hub, registry
from firstlight.lab.state import Rack


def start(rack: Rack) -> dict[str, Any]:
    """Start what does not run, and return ``registry``, ``hub``, ``models``, ``ollama`` for lab.json.

    Bounded; raises :class:`firstlight.errors.FirstlightError` when one does not answer.
    """
    ca = registry.start(rack)
    models = model_hub.start(rack)
    return {
        "registry": {
            "address": registry.endpoint(rack),
            "ca": str(ca.relative_to(rack.checkout)),
        },
        "hub": {"url": model_hub.url(rack)},
        "models": models,
        "ollama": model_hub.ollama(rack),
    }


def stop(rack: Rack) -> None:
    """End all services; nothing happens if they do not run."""
    acme.stop(rack)
    archive.stop(rack)
    model_hub.stop(rack)
    registry.stop(rack)
