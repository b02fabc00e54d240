"""A single file, or those that a SHA256SUMS lists: by HTTP, from S3, or from a path of the host.

Runs on the host, in ``fetch.pyz``.
"""

from __future__ import annotations

import hashlib
import os
import re
from abc import ABC, abstractmethod
from pathlib import Path
from urllib.parse import quote

from firstlight.weights.signature import Signer
from firstlight.weights.source import S3, SUMS, Source
from firstlight.weights.wanted import CHUNK, FetchError, Job, Wanted, chosen, first_line
from firstlight.weights.web import Sign, Web, bearer

LINE = re.compile(r"([0-9a-f]{64}) [ *](?:\./)?([\x21-\x7e]+)")
REGION = re.compile(r"https?://s3[.-]([a-z0-9-]+)\.[a-z]")
FIRST_REGION = "us-east-1"


def sums(content: bytes, source: Source) -> dict[str, str]:
    """Return checksums by file from a SHA256SUMS. Raises :class:`FetchError`."""
    found = hashlib.sha256(content).hexdigest()
    if found != source.digest:
        raise FetchError(
            f"{SUMS} of {source.scheme}://{source.path} has the wrong checksum",
            f"expected sha256:{source.digest}, got sha256:{found}",
            "check the source, or run `firstlight lock --update INVENTORY` if it changed on purpose",
        )
    listed: dict[str, str] = {}
    for line in content.decode("utf-8", "replace").splitlines():
        match = LINE.fullmatch(line.rstrip())
        parts = match[2].split("/") if match else [".."]
        if match is None or any(part in ("", ".", "..") for part in parts) or "\\" in match[2]:
            raise FetchError(
                f"{SUMS} of {source.scheme}://{source.path} is not understood",
                f"this line: {line[:120]!r}",
                f"make it inside the folder: sha256sum FILES > {SUMS}, without spaces in names",
            )
        if match[2] != SUMS:
            listed[match[2]] = match[1]
    return listed


class Listed(ABC):
    """Files of one job that are named by their SHA-256 sums."""

    def __init__(self, job: Job, source: Source) -> None:
        self.job, self.source = job, source

    @abstractmethod
    def place(self, name: str) -> str:
        """Return where a file of the folder is; for "" the source itself."""

    @abstractmethod
    def read(self, place: str) -> bytes:
        """Return a small file."""

    @abstractmethod
    def size(self, place: str, name: str) -> int:
        """Return a file's length in bytes."""

    def look_up(self) -> list[Wanted]:
        """Return what is to be fetched. Raises :class:`FetchError`."""
        if not self.source.is_folder:
            name = self.job.get("file") or self.source.name
            place = self.place("")
            digest = self.job["sha256"].get(name, self.source.digest)
            return [Wanted(name, self.size(place, name), f"sha256:{digest}", place)]
        listed = sums(self.read(self.place(SUMS)), self.source)
        files = [Wanted(name, 0, f"sha256:{digest}") for name, digest in sorted(listed.items())]
        wanted = chosen(files, self.job["include"], self.job["sha256"])
        return [
            Wanted(file.path, self.size(place, file.path), file.checksum, place)
            for file in wanted
            for place in [self.place(file.path)]
        ]


class Remote(Listed):
    """Files of a web server."""

    def __init__(self, job: Job, source: Source, token: str | None) -> None:
        super().__init__(job, source)
        self.root = f"{source.scheme}://{source.path}"
        self.web = Web(self.opened(token))

    def opened(self, token: str | None) -> Sign:
        """Return what opens the requests."""
        return bearer(token)

    def place(self, name: str) -> str:
        query = f"?{self.source.query}" if self.source.query and self.source.scheme != S3 else ""
        return f"{self.root}{quote(name)}{query}"

    def read(self, place: str) -> bytes:
        return self.web.text(place, SUMS)

    def size(self, place: str, name: str) -> int:
        return self.web.size(place, name)

    def download(self, want: Wanted, path: Path) -> None:
        """Fetch one file to ``path``, continuing what is there."""
        self.web.download(want, path)


class Bucket(Remote):
    """Objects of an S3 store, addressed by path: every store of this kind can do that."""

    def __init__(self, job: Job, source: Source, token: str | None) -> None:
        region = source.region or FIRST_REGION
        endpoint = job["hub"] or f"https://s3.{region}.amazonaws.com"
        found = REGION.match(endpoint)
        self.region = source.region or (found[1] if found else FIRST_REGION)
        super().__init__(job, source, token)
        self.root = f"{endpoint}/{quote(source.path)}"

    def opened(self, token: str | None) -> Sign:
        if not token:
            return lambda method, url: {}  # a bucket that is open to all
        access, found, secret = token.partition(":")
        if not (access and found and secret):
            raise FetchError(
                "the token is not one for S3",
                "it is not of the form ACCESS_KEY:SECRET_KEY",
                "write both keys into the file of the model's hub_token, with a colon between",
            )
        return Signer(access, secret, self.region).headers


class Local(Listed):
    """Files of the host's own: a mounted disk, a share."""

    def __init__(self, job: Job, source: Source, token: str | None) -> None:
        super().__init__(job, source)

    def place(self, name: str) -> str:
        return self.source.path + name

    def read(self, place: str) -> bytes:
        try:
            return Path(place).read_bytes()
        except OSError as error:
            raise unreadable(place, error) from None

    def size(self, place: str, name: str) -> int:
        try:
            with Path(place).open("rb") as stream:
                return os.fstat(stream.fileno()).st_size
        except OSError as error:
            raise unreadable(place, error) from None

    def download(self, want: Wanted, path: Path) -> None:
        """Link the file to ``path``, or copy it where that cannot be, continuing what is there."""
        source = Path(want.origin).resolve()
        if not path.exists() and source.stat().st_mode & 0o004:
            try:
                os.link(source, path)
            except OSError:
                pass  # another file system, or another owner's file
            else:
                return
        with source.open("rb") as stream, path.open("ab") as copy:
            stream.seek(copy.tell())
            while block := stream.read(CHUNK):
                copy.write(block)


def unreadable(place: str, error: OSError) -> FetchError:
    """Return what an unreadable path of the host means for the operator."""
    return FetchError(
        f"{place} cannot be read on the host",
        first_line(error),
        "mount what holds it, readable for the account firstlight-models; not below /home, "
        "/root or /tmp, which the fetching unit does not see",
    )
