"""From where an engine may fetch images for clients: from nowhere, unless the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firstlight.settings import Model

NOWHERE = "nowhere.invalid"
"""A name that never resolves (RFC 6761). vLLM and SGLang take an empty list for "from anywhere",
which would let clients reach the hosts that the engine can reach."""


def allowed_domains(model: Model) -> list[str]:
    """Return the domains to allow, in the order of the settings; never an empty list."""
    return [str(domain) for domain in model.media_domains] or [NOWHERE]
