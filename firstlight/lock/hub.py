"""What a model hub says of a repository now: the commit of a branch, its files and their sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from firstlight.errors import FirstlightError
from firstlight.lock.section import File, Weights
from firstlight.secrets.needed import HUB_TOKEN
from firstlight.secrets.resolved import resolved
from firstlight.weights.source import Source

if TYPE_CHECKING:
    from firstlight.settings.secret_source import SecretSource

TIMEOUT_SECONDS = 60.0


def snapshot(source: Source, hub: str | None, token: str | None, where: str) -> Weights:
    """Return the commit that ``source`` means now and the checksum of each of its files.

    ``hub`` is the hub's URL (None: the public one), ``where`` the setting, for errors. Raises
    :class:`FirstlightError`.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    place = hub or "the public hub"
    try:
        info = HfApi(endpoint=hub, token=token or False).model_info(
            source.location,
            revision=source.revision or None,
            files_metadata=True,
            timeout=TIMEOUT_SECONDS,
        )
    except RepositoryNotFoundError as error:  # a private repository looks like a missing one
        what = f"{place} has no repository {source.location} for us"
        fix = "check its name; if it is private or gated, set the model's hub_token"
        raise FirstlightError(what, where=where, why=_line(error), fix=fix) from None
    except HfHubHTTPError as error:
        what = f"{place} does not give {source}"
        fix = "check the branch or commit; if the repository is gated, set the model's hub_token"
        raise FirstlightError(what, where=where, why=_line(error), fix=fix) from None
    except Exception as error:  # its HTTP library's own: no route, no name, no TLS, silence
        what, fix = f"{place} cannot be asked from here", "check the network and the model's hub"
        raise FirstlightError(what, where=where, why=_line(error), fix=fix) from None
    files = {item.rfilename: _file(item) for item in info.siblings or []}
    if not info.sha or not files:
        fix = "check the repository and the model's hub"
        raise FirstlightError(f"{place} names no files of {source}", where=where, fix=fix)
    return Weights(revision=info.sha, files=files)


def token_of(source: SecretSource | None) -> str | None:
    """The token itself; None without one, and where it is on the hosts alone.

    Raises :class:`FirstlightError` where it cannot be had.
    """
    if source is None or source.on_host:
        return None
    return resolved(source, HUB_TOKEN).reveal()


def _file(item: Any) -> File:
    """Large files have a SHA-256 sum; small ones the id of their git blob, which is a sum too."""
    found = f"sha256:{item.lfs.sha256}" if item.lfs else f"git:{item.blob_id}"
    return File(bytes=item.size or 0, sum=found)


def _line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
