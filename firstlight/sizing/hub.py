"""Reads ``config.json`` and the safetensors index of a repository of the model hub."""

from __future__ import annotations

from typing import Any

from firstlight.errors import FirstlightError
from firstlight.sizing.reading import parsed, subject, total_size
from firstlight.sizing.subject import Subject

_INDEX = "model.safetensors.index.json"
TIMEOUT = 20.0
"""Seconds that the hub may take for one answer."""


def from_hub(repo: str, hub: str | None) -> Subject:
    """The model ``repo`` (ORG/NAME) on the hub at the URL ``hub``, by default the public one.

    The token is huggingface_hub's own (``HF_TOKEN``). Raises :class:`FirstlightError`.
    """
    files = _files(repo, hub)
    if "config.json" not in files:
        raise _not_given(repo, hub, "it has no config.json")
    config = parsed(_content(repo, hub, "config.json"), f"{repo}/config.json")
    total = 0
    if _INDEX in files:
        total = total_size(parsed(_content(repo, hub, _INDEX), f"{repo}/{_INDEX}"))
    weights = [size for name, size in files.items() if name.endswith(".safetensors")]
    return subject(repo, config, total or sum(weights), f"{repo}/config.json", repo=repo)


def _files(repo: str, hub: str | None) -> dict[str, int]:
    """Sizes of the repository's files by name, in its folder and not below it."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        info = HfApi(endpoint=hub).model_info(repo, files_metadata=True, timeout=TIMEOUT)
    except RepositoryNotFoundError:
        why = "there is no such repository, or it asks for a token (HF_TOKEN) and an agreement"
        raise _not_given(repo, hub, why) from None
    except Exception as error:  # its HTTP library's own: no route, no name, no TLS, silence
        raise _not_given(repo, hub, _first_line(error)) from None
    return {
        each.rfilename: each.size or 0
        for each in info.siblings or []
        if "/" not in each.rfilename and not each.rfilename.startswith("consolidated")
    }


def _content(repo: str, hub: str | None, name: str) -> bytes:
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import build_hf_headers, get_session

    url = hf_hub_url(repo, name, endpoint=hub)
    try:
        answer: Any = get_session().get(
            url, headers=build_hf_headers(), timeout=TIMEOUT, follow_redirects=True
        )
        if answer.status_code != 200:
            raise OSError(f"{name}: HTTP {answer.status_code}")
        content: bytes = answer.content
    except Exception as error:  # see above
        raise _not_given(repo, hub, _first_line(error)) from None
    return content


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0] or type(error).__name__


def _not_given(repo: str, hub: str | None, why: str) -> FirstlightError:
    return FirstlightError(
        f"the hub does not give {repo}",
        where=hub or "",
        why=why,
        fix="check the name, --hub or HF_ENDPOINT, and HF_TOKEN; names of the catalogue need none",
    )
