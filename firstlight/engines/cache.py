"""The volume in which an engine keeps what it has compiled, so that the next start is short."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firstlight.settings import Model


def cache_volume(model: Model) -> str:
    """Return the docker volume's name: of the model and its image, so no build meets another's.

    Replicas share it. A volume of an image that is no longer used can be removed at any time.
    """
    return f"firstlight-cache-{model.name}-{model.image.rsplit(':', 1)[-1][:12]}"
