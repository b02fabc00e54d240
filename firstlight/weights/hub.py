"""Files of a repository on a Hugging Face hub. Runs on the host, in ``fetch.pyz``.

``hf_hub_download`` is not used: since 2.x it downloads into a file of its own per process and
deletes it on failure, so a download that was cut off would start over.
"""

from __future__ import annotations

from pathlib import Path

from firstlight.weights.source import Source
from firstlight.weights.wanted import FetchError, Job, Wanted, chosen, first_line

GATED = (
    "if it is gated or private, accept its terms on its page and set the model's hub_token, to a "
    "token that may read it"
)


def refused(error: Exception) -> bool:
    """Whether a hub's answer says that the token, or being without one, is the reason."""
    return getattr(getattr(error, "response", None), "status_code", 0) in (401, 403)


class Hub:
    """The repository of one job, at its commit."""

    def __init__(self, job: Job, source: Source, token: str | None) -> None:
        self.job = job
        self.repo, self.revision = source.location, source.revision
        self.endpoint: str | None = job["hub"]
        self.token = token or False

    def look_up(self) -> list[Wanted]:
        """Ask the hub for the files of the pinned revision. Raises :class:`FetchError`."""
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

        name = f"{self.repo} at revision {self.revision}"
        try:
            api = HfApi(endpoint=self.endpoint, token=self.token)
            info = api.model_info(self.repo, revision=self.revision, files_metadata=True)
        except RepositoryNotFoundError as error:  # a gated repository is one of these
            raise FetchError(
                f"the hub does not give {self.repo}",
                first_line(error),
                f"check the repository's name; {GATED}",
            ) from None
        except HfHubHTTPError as error:
            wrong = "hub_token" if refused(error) else "revision"
            fix = f"check the model's {wrong} in the inventory"
            raise FetchError(f"the hub does not give {name}", first_line(error), fix) from None
        except Exception as error:  # its HTTP library's own: no route, no name, no TLS, silence
            raise FetchError(
                f"the hub cannot be reached at {self.endpoint or 'its public address'}",
                first_line(error),
                "check the host's network, or the model's hub",
            ) from None
        if info.sha != self.revision:
            raise FetchError(
                f"the hub does not give {name}",
                f"it answered revision {info.sha}",
                "check the model's hub: it serves other commits than it is asked for",
            )
        found = [
            Wanted(
                item.rfilename,
                item.size or 0,
                f"sha256:{item.lfs.sha256}" if item.lfs else f"git:{item.blob_id}",
            )
            for item in info.siblings or []
        ]
        return chosen(found, self.job["include"], self.job["sha256"])

    def download(self, want: Wanted, path: Path) -> None:
        """Fetch one file to ``path``, continuing what is there."""
        from huggingface_hub import hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils._headers import build_hf_headers

        url = hf_hub_url(self.repo, want.path, revision=self.revision, endpoint=self.endpoint)
        # Compressed transfers have no length and cannot be continued.
        headers = {**build_hf_headers(token=self.token), "Accept-Encoding": "identity"}
        with path.open("ab") as stream:
            done = stream.tell()
            try:
                http_get(url, stream, resume_size=done, headers=headers, expected_size=want.size)
            except Exception as error:
                if not refused(error):
                    raise
                # A gated repository shows the names of its files to everyone.
                raise FetchError(
                    f"the hub does not give {want.path} of {self.repo}", first_line(error), GATED
                ) from None
