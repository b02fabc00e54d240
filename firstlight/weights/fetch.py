"""Fetches one job's weights. Runs on the host, from ``fetch.pyz``, under Python ≥ 3.10.

Order of things: what the pinned revision consists of, free space, then each file into an
incoming folder (a blob that is there already, or continued where a former run was cut off), each
checked, the done-marker, and one rename that makes the whole folder visible. What is visible
under the store is complete. A folder that lost its marker keeps what is right in it.

Only the standard library, huggingface_hub and what is beside this file may be imported.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from firstlight.weights import source as sources
from firstlight.weights.blobs import Blobs, held, place
from firstlight.weights.hub import Hub
from firstlight.weights.listed import Bucket, Local, Remote
from firstlight.weights.ollama import Registry
from firstlight.weights.source import Source
from firstlight.weights.wanted import (
    PARALLEL,
    FetchError,
    Job,
    Origin,
    Wanted,
    checksum_of,
    first_line,
    inside,
    is_right,
)

TRIES = 2  # a second try mends a partial file that a power cut had damaged
SPARE_BYTES = 256 * 2**20
PROGRESS = ".firstlight.progress"
"""Beside an incoming folder: how many bytes it will have in the end."""
ORIGINS: dict[str, Callable[[Job, Source, str | None], Origin]] = {
    sources.HF: Hub,
    sources.HTTPS: Remote,
    sources.HTTP: Remote,
    sources.S3: Bucket,
    sources.FILE: Local,
    sources.OLLAMA: Registry,
}


def full(folder: Path, need: int, what: str) -> FetchError:
    """Return the error of a disk without room for ``need`` bytes."""
    store = folder.parent.parent
    return FetchError(
        what,
        f"{need / 1e9:.1f} GB needed, {shutil.disk_usage(folder).free / 1e9:.1f} GB free in {store}",
        "make room (`firstlight models gc INVENTORY` shows what nobody uses), or mount a larger "
        "disk there",
    )


def missing(folder: Path, wanted: list[Wanted], blobs: Blobs) -> int:
    """Return how many bytes of ``wanted`` are still to come."""
    new = {want.checksum: want for want in wanted if not blobs.has(want)}.values()
    have = (folder / want.path for want in new)
    return sum(want.size for want in new) - sum(p.stat().st_size for p in have if p.is_file())


def fetch_one(origin: Origin, want: Wanted, folder: Path, blobs: Blobs) -> None:
    """Fetch one file and check it; a wrong one is deleted. Raises :class:`FetchError`."""
    path = folder / want.path
    path.parent.mkdir(parents=True, exist_ok=True)
    with held(blobs.lock, place(want.checksum)):
        if blobs.take(want, path):
            return
        found = ""
        for _ in range(TRIES):
            if path.exists() and path.stat().st_size > want.size:
                path.unlink()
            download(origin, want, path)
            found = checksum_of(path, want.checksum.partition(":")[0])
            if found == want.checksum:
                if not path.stat().st_mode & 0o004:  # another account, the engine's, reads it
                    path.chmod(0o644)
                blobs.keep(want, path)
                return
            path.unlink()
    raise FetchError(
        f"{want.path} has the wrong checksum and was deleted",
        f"expected {want.checksum}, got {found}",
        "check the hub or mirror; it serves other bytes than the revision's",
    )


def download(origin: Origin, want: Wanted, path: Path) -> None:
    """Bring one file to ``path`` and onto the disk. Raises :class:`FetchError`."""
    try:
        origin.download(want, path)
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    except FetchError:
        raise
    except Exception as error:  # huggingface_hub raises its HTTP library's own errors
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            left = want.size - (path.stat().st_size if path.exists() else 0)
            raise full(path.parent, left, f"the disk filled up while {want.path} came") from None
        raise FetchError(
            f"{want.path} was cut off",
            first_line(error),
            "run again; what is there already is kept and continued",
        ) from None


def every(origin: Origin, wanted: list[Wanted], folder: Path, blobs: Blobs) -> None:
    """Fetch all ``wanted`` into ``folder``, the same content only once."""
    same: dict[str, list[Wanted]] = {}
    for want in wanted:
        same.setdefault(want.checksum, []).append(want)

    def one_content(wants: list[Wanted]) -> None:
        for want in wants:
            fetch_one(origin, want, folder, blobs)

    with ThreadPoolExecutor(PARALLEL) as pool:
        for result in [pool.submit(one_content, wants) for wants in same.values()]:
            result.result()


def fetch(job: Job, token: str | None) -> str:
    """Make the folder ``job["folder"]`` complete and visible; return what was done."""
    final = Path(job["folder"])
    incoming = Path(job["incoming"]) / final.name
    incoming.mkdir(parents=True, exist_ok=True)
    source = Source.parse(job["source"])
    origin, blobs = ORIGINS[source.scheme](job, source, token), Blobs(final.parent)
    wanted = inside(origin.look_up())
    with ThreadPoolExecutor(PARALLEL) as pool:
        right = pool.map(lambda w: is_right(final / w.path, w.size, w.checksum), wanted)
        lacking = [want for want, is_it in zip(wanted, right, strict=True) if not is_it]
    need = missing(incoming, lacking, blobs)
    if need and need + SPARE_BYTES > shutil.disk_usage(incoming).free:
        raise full(incoming, need + SPARE_BYTES, "the disk is too small for the weights")
    progress = incoming.with_name(incoming.name + PROGRESS)
    progress.write_text(str(sum(want.size for want in lacking)))
    try:
        every(origin, lacking, incoming, blobs)
    finally:
        progress.unlink(missing_ok=True)
    for want in set(wanted) - set(lacking):
        blobs.keep(want, final / want.path)
    publish(job, wanted, incoming, final)
    done = sum(want.size for want in lacking)
    kept = f", {len(wanted) - len(lacking)} were right" if len(lacking) < len(wanted) else ""
    return f"{len(lacking)} files, {done} bytes{kept}"


def publish(job: Job, wanted: list[Wanted], incoming: Path, final: Path) -> None:
    """Make what came visible: in one step, or file by file in a folder that stands already."""
    marker = {
        "source": job["source"],
        "files": {want.path: {"size": want.size, "checksum": want.checksum} for want in wanted},
    }
    mended = final.is_dir()
    if mended:
        (final / job["marker"]).unlink(missing_ok=True)  # complete only when it is again
        for path in [path for path in incoming.rglob("*") if path.is_file()]:
            target = final / path.relative_to(incoming)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
        for path in [path for path in final.rglob("*") if path.is_file()]:
            if str(path.relative_to(final)) not in marker["files"]:
                path.unlink()  # also what a check noted
        os.sync()
    folder = final if mended else incoming
    draft = folder / f"{job['marker']}.new"
    draft.write_text(json.dumps(marker, indent=1, sort_keys=True) + "\n")
    draft.replace(folder / job["marker"])
    for each in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        each.chmod(0o755)
    os.sync()
    if mended:
        shutil.rmtree(incoming)
    else:
        incoming.rename(final)
    os.sync()
