"""Names in the store of weights on a host."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firstlight.settings import Model

STORE = "/srv/models"
INCOMING = f"{STORE}/.incoming"
MARKER = ".firstlight.json"
"""The done-marker: it exists only inside a folder whose every file was checked."""


def folder(model: Model) -> str:
    """Return the folder of the weights of ``model``: repository, revision, chosen files.

    Two models with the same choice of files share one folder.
    """
    choice = "\0".join([*sorted(model.include), model.file or ""])
    short = hashlib.sha256(choice.encode()).hexdigest()[:8]
    return f"{STORE}/{model.repo.replace('/', '--')}@{model.revision[:12]}-{short}"
