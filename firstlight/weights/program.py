"""The program on the host: ``fetch.pyz JOB.json``, ``… list``, ``… verify``, ``… gc``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from firstlight.weights.blobs import INCOMING, LOCK, held, place
from firstlight.weights.collect import collected, report, waste
from firstlight.weights.contents import Places, described, listing, verify, visible
from firstlight.weights.fetch import PROGRESS, fetch
from firstlight.weights.store import STORE, WRONG
from firstlight.weights.wanted import FetchError, Job


def main(arguments: list[str]) -> int:
    """Return 0 if it is done, 1 if it cannot be (the reason on stderr)."""
    verb, *words = arguments
    try:
        if verb == "list":
            print(listing(Places(store_of(words))))
        elif verb == "verify":
            verified(Places(store_of(words)))
        elif verb == "gc":
            sure = "--yes" in words
            keep = [Path(word).name for word in words if word not in ("--yes", "--")]
            print(report((collected if sure else waste)(Places(Path(STORE)), keep)))
        else:
            brought(json.loads(Path(verb).read_text()))
    except FetchError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


def store_of(words: list[str]) -> Path:
    """Return the store: the usual one, or another that is named."""
    return Path(words[0] if words else STORE)


def token(credential: str) -> str | None:
    """Return the hub's token, which systemd hands over for this step only under this name."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY", "")
    secret = Path(credentials, credential)
    return (secret.read_text().strip() or None) if credentials and secret.exists() else None


def brought(job: Job) -> None:
    """Have the weights of ``job`` complete. Raises :class:`FetchError`."""
    incoming, final = Path(job["incoming"]), Path(job["folder"])
    incoming.mkdir(parents=True, exist_ok=True)
    # Two models may share one folder: the second waits and finds the work done.
    with held(incoming / LOCK, place(final.name)):
        if not (final / job["marker"]).exists() or (final / WRONG).exists():
            print(fetch(job, token(job.get("credential", "hub-token"))))


def verified(places: Places) -> None:
    """Check the whole store, telling the control machine how far it is."""
    total = sum(described(path).bytes for path in visible(places.store))
    note = places.store / INCOMING / f"verify{PROGRESS}"
    note.parent.mkdir(exist_ok=True)
    done = 0

    def progress(size: int) -> None:
        nonlocal done
        done += size
        note.write_text(f"{total} {done}")

    progress(0)
    try:
        verify(places, print, progress)
    finally:
        note.unlink(missing_ok=True)
