"""Fetches one model's weights. Runs on the host, from ``fetch.pyz``, under Python ≥ 3.10.

Order of things: metadata of the pinned revision, free space, then each file into an incoming
folder (continued where a former run was cut off), each checked, the done-marker, and one
rename that makes the whole folder visible. What is visible under the store is complete.

Only the standard library, huggingface_hub and :mod:`firstlight.weights.wanted` may be imported. ``hf_hub_download`` is not
used: since 2.x it downloads into a file of its own per process and deletes it on failure, so
a download that was cut off would start over.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from firstlight.weights.wanted import FetchError, Wanted, checksum_of, chosen

PARALLEL = 4
TRIES = 2  # a second try mends a partial file that a power cut had damaged
SPARE_BYTES = 256 * 2**20


def look_up(job: dict[str, Any], token: str | None) -> list[Wanted]:
    """Ask the hub for the files of the pinned revision. Raises :class:`FetchError`."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    name = f"{job['repo']} at revision {job['revision']}"
    try:
        api = HfApi(endpoint=job["hub"], token=token or False)
        info = api.model_info(job["repo"], revision=job["revision"], files_metadata=True)
    except RepositoryNotFoundError as error:  # a gated repository is one of these
        raise FetchError(
            f"the hub does not give {job['repo']}\n  why: {first_line(error)}\n"
            "  fix: check the repository's name; if it is gated or private, accept its terms on "
            "its page and set the model's hub_token"
        ) from None
    except HfHubHTTPError as error:
        raise FetchError(
            f"the hub does not give {name}\n  why: {first_line(error)}\n"
            "  fix: check the model's revision in the inventory"
        ) from None
    except Exception as error:  # its HTTP library's own: no route, no name, no TLS, silence
        raise FetchError(
            f"the hub cannot be reached at {job['hub'] or 'its public address'}\n"
            f"  why: {first_line(error)}\n  fix: check the host's network, or the model's hub"
        ) from None
    if info.sha != job["revision"]:
        raise FetchError(f"the hub answered revision {info.sha} when asked for {name}")
    return chosen(info.siblings or [], job["include"], job["sha256"])


def first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


def require_space(folder: Path, wanted: list[Wanted]) -> None:
    """Refuse when the files that are still missing do not fit, before the first byte."""
    have = sum(part(folder, want).stat().st_size for want in wanted if part(folder, want).exists())
    need = sum(want.size for want in wanted) - have + SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if need > free:
        raise FetchError(
            f"the disk is too small for the weights\n  why: {need / 1e9:.1f} GB needed, "
            f"{free / 1e9:.1f} GB free in {folder.parent.parent}\n"
            "  fix: make room, or mount a larger disk there"
        )


def part(folder: Path, want: Wanted) -> Path:
    """Where a file stands while it is being fetched; it keeps its length across runs."""
    return folder / want.path


def download(job: dict[str, Any], token: str | None, want: Wanted, path: Path) -> None:
    """Fetch one file to ``path``, continuing what is there."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    url = hf_hub_url(job["repo"], want.path, revision=job["revision"], endpoint=job["hub"])
    # Compressed transfers have no length and cannot be continued.
    headers = {**build_hf_headers(token=token or False), "Accept-Encoding": "identity"}
    with path.open("ab") as stream:
        done = stream.tell()
        http_get(url, stream, resume_size=done, headers=headers, expected_size=want.size)
        stream.flush()
        os.fsync(stream.fileno())


def fetch_one(job: dict[str, Any], token: str | None, want: Wanted, folder: Path) -> None:
    """Fetch one file and check it; a wrong one is deleted. Raises :class:`FetchError`."""
    path = part(folder, want)
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = want.checksum.partition(":")[0]
    found = ""
    for _ in range(TRIES):
        if path.exists() and path.stat().st_size > want.size:
            path.unlink()
        try:
            download(job, token, want, path)
        except Exception as error:  # huggingface_hub raises its HTTP library's own errors
            raise FetchError(
                f"{want.path} was cut off\n  why: {first_line(error)}\n"
                "  fix: run again; what is there already is kept and continued"
            ) from None
        found = checksum_of(path, kind)
        if found == want.checksum:
            path.chmod(0o644)
            return
        path.unlink()
    raise FetchError(
        f"{want.path} has the wrong checksum and was deleted\n"
        f"  why: expected {want.checksum}, got {found}\n"
        "  fix: check the hub or mirror; it serves other bytes than the revision's"
    )


def fetch(job: dict[str, Any], token: str | None) -> str:
    """Make the folder ``job["folder"]`` complete and visible; return what was done."""
    final = Path(job["folder"])
    incoming = Path(job["incoming"]) / final.name
    incoming.mkdir(parents=True, exist_ok=True)
    if final.exists():  # its marker was found wrong: everything in it is checked again
        shutil.rmtree(incoming)
        final.rename(incoming)
        (incoming / job["marker"]).unlink(missing_ok=True)
    wanted = look_up(job, token)
    require_space(incoming, wanted)
    with ThreadPoolExecutor(PARALLEL) as pool:
        for result in [pool.submit(fetch_one, job, token, want, incoming) for want in wanted]:
            result.result()
    marker = {
        "repo": job["repo"],
        "revision": job["revision"],
        "files": {want.path: {"size": want.size, "checksum": want.checksum} for want in wanted},
    }
    (incoming / job["marker"]).write_text(json.dumps(marker, indent=1, sort_keys=True) + "\n")
    for folder in [incoming, *(path for path in incoming.rglob("*") if path.is_dir())]:
        folder.chmod(0o755)
    os.sync()
    incoming.rename(final)
    os.sync()
    return f"{len(wanted)} files, {sum(want.size for want in wanted)} bytes"


def main(arguments: list[str]) -> int:
    """``fetch JOB.json``: 0 the weights are there, 1 they cannot be had (the reason on stderr)."""
    job = json.loads(Path(arguments[0]).read_text())
    credentials = os.environ.get("CREDENTIALS_DIRECTORY", "")
    secret = Path(credentials, "hub-token")
    token = (secret.read_text().strip() or None) if credentials and secret.exists() else None
    Path(job["incoming"]).mkdir(parents=True, exist_ok=True)
    # Two models may share one folder: the second waits and finds the work done.
    lock = os.open(Path(job["incoming"]) / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        if not (Path(job["folder"]) / job["marker"]).exists():
            print(fetch(job, token))
        return 0
    except FetchError as refusal:
        print(refusal, file=sys.stderr)
        return 1
