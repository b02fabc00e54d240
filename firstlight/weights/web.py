"""Files over HTTP, continued where a former try ended. Runs on the host, in ``fetch.pyz``."""

from __future__ import annotations

import base64
import errno
import http.client
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from firstlight.weights.wanted import CHUNK, FetchError, Wanted, first_line

SILENCE_SECONDS = 60
TRIES = 5
"""Tries in a row that may fail without a byte arriving before the fetch gives up."""
LARGEST_TEXT = 16 * 2**20
Sign = Callable[[str, str], Mapping[str, str]]
"""Returns the headers that open a request, from its method and URL."""
LOST = (OSError, http.client.HTTPException)
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES)
"""Errors that are the disk's, not the network's."""
REFUSED = {
    401: "the server wants a token: set the model's hub_token",
    403: "the server refuses this token: check the model's hub_token, and what it may read",
    404: "check the model's weights in the inventory: there is no such file",
}


def bearer(token: str | None) -> Sign:
    """Return headers for a token, or for USER:PASSWORD; none without one.

    Raises :class:`FetchError` where they would cross the network readable to anyone.
    """
    words = ""
    if token:
        pair = ":" in token
        words = f"Basic {base64.b64encode(token.encode()).decode()}" if pair else f"Bearer {token}"

    def sign(method: str, url: str) -> Mapping[str, str]:
        if words and urlsplit(url).scheme != "https":
            raise FetchError(
                f"no token is sent to {urlsplit(url).netloc}",
                "it is asked over plain HTTP, where anyone on the way could read the token",
                "use https://, or take the model's hub_token away",
            )
        return {"Authorization": words} if words else {}

    return sign


class Web:
    """A client that follows redirects, and takes no credential along to another host."""

    def __init__(self, sign: Sign) -> None:
        self._sign = sign

    def _open(self, url: str, method: str = "GET", first: int = 0, accept: str = "*/*") -> Any:
        # Compressed transfers have no length and cannot be continued.
        headers = {"Accept": accept, "Accept-Encoding": "identity", "User-Agent": "firstlight"}
        if first:
            headers["Range"] = f"bytes={first}-"
        request = Request(url, headers=headers, method=method)
        for name, value in self._sign(method, url).items():
            request.add_unredirected_header(name, value)
        return urlopen(request, timeout=SILENCE_SECONDS)

    def text(self, url: str, what: str, accept: str = "*/*") -> bytes:
        """Return a small file whole. Raises :class:`FetchError`, which calls it ``what``."""
        try:
            with self._open(url, accept=accept) as answer:
                found: bytes = answer.read(LARGEST_TEXT)
        except LOST as error:
            raise refusal(error, what, url) from None
        return found

    def size(self, url: str, what: str) -> int:
        """Return a file's length in bytes. Raises :class:`FetchError`."""
        try:
            with self._open(url, "HEAD") as answer:
                length = answer.headers.get("Content-Length", "")
        except LOST as error:
            raise refusal(error, what, url) from None
        if not length.isdecimal():
            raise FetchError(
                f"the server does not say how long {what} is",
                f"{plain(url)} is answered without Content-Length",
                "have it served as a plain file",
            )
        return int(length)

    def download(self, want: Wanted, path: Path) -> None:
        """Fetch one file to ``path``, continuing what is there.

        Raises :class:`FetchError`, or the network's error when no try brings a byte any more.
        """
        failed = 0
        while True:
            before = path.stat().st_size if path.exists() else 0
            if before >= want.size and path.exists():
                return
            try:
                self._part(want, path)
            except HTTPError as error:
                if error.code < 500 and error.code not in (408, 429):
                    raise refusal(error, want.path, want.origin) from None
                lost: Exception = error
            except LOST as error:
                if getattr(error, "errno", None) in DISK:
                    raise
                lost = error
            else:
                lost = http.client.IncompleteRead(b"")
            if path.exists() and path.stat().st_size >= want.size:
                return
            failed = 0 if path.exists() and path.stat().st_size > before else failed + 1
            if failed >= TRIES:
                raise lost
            time.sleep(min(2**failed, 30))

    def _part(self, want: Wanted, path: Path) -> None:
        first = path.stat().st_size if path.exists() else 0
        with self._open(want.origin, first=first) as answer, path.open("ab") as stream:
            if first and answer.status != http.client.PARTIAL_CONTENT:
                stream.truncate(0)  # it sends the whole file again
                first = 0
            left = want.size - first
            while left > 0 and (block := answer.read1(min(CHUNK, left))):
                stream.write(block)
                left -= len(block)


def plain(url: str) -> str:
    """Return a URL without what could be a secret in it."""
    return urlsplit(url)._replace(query="", fragment="").geturl()


def refusal(error: Exception, what: str, url: str) -> FetchError:
    """Return what a failed request means for the operator."""
    if isinstance(error, HTTPError):
        fix = REFUSED.get(error.code, "run again; if it stays, look into the server's log")
        why = f"{plain(url)} is answered with {error.code} {error.reason}"
        return FetchError(f"the server does not give {what}", why, fix)
    return FetchError(
        f"the server cannot be reached at {urlsplit(url).netloc}",
        first_line(error),
        "check the host's network, and the model's weights or hub in the inventory",
    )
