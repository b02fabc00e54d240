"""A file of the model hub as an HTTP answer: whole, or the range a client asked for."""

from __future__ import annotations

import re
import time
from http import HTTPStatus
from io import BufferedIOBase

from firstlight.lab.services.faults import Fault
from firstlight.lab.services.repository import Entry

CHUNK = 65_536
RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class FileAnswer:
    """One answer: its status, its headers and its body. ``wanted`` is the Range header."""

    def __init__(self, entry: Entry, commit: str, wanted: str | None) -> None:
        self.entry = entry
        self.commit = commit
        self.first, self.last = 0, entry.size - 1
        self.status = HTTPStatus.OK
        match = RANGE.fullmatch(wanted.strip()) if wanted else None
        if match and match[0] != "bytes=-":
            self._narrow(match[1], match[2])

    def _narrow(self, first: str, last: str) -> None:
        size = self.entry.size
        start = int(first) if first else max(0, size - int(last))
        end = min(int(last), size - 1) if first and last else size - 1
        if start >= size or end < start:
            self.status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
            self.first, self.last = 0, -1
        else:
            self.status = HTTPStatus.PARTIAL_CONTENT
            self.first, self.last = start, end

    def headers(self) -> dict[str, str]:
        """The headers that the hub's clients read, and no Xet ones."""
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(self.last - self.first + 1),
            "Accept-Ranges": "bytes",
            "X-Repo-Commit": self.commit,
            "ETag": f'"{self.entry.etag}"',
        }
        if self.entry.sha256:
            headers["X-Linked-Etag"] = f'"{self.entry.sha256}"'
            headers["X-Linked-Size"] = str(self.entry.size)
        if self.status == HTTPStatus.PARTIAL_CONTENT:
            headers["Content-Range"] = f"bytes {self.first}-{self.last}/{self.entry.size}"
        elif self.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            headers["Content-Range"] = f"bytes */{self.entry.size}"
        return headers

    def send(self, stream: BufferedIOBase, trouble: Fault) -> bool:
        """Send the body; False if it was cut short, so the connection cannot be used again."""
        end = trouble.end(self.first, self.last)
        speed = trouble.bytes_per_second
        chunk = max(1, min(CHUNK, speed // 10)) if speed else CHUNK
        with self.entry.source.open("rb") as source:
            source.seek(self.first)
            place = self.first
            while place < end:
                data = source.read(min(chunk, end - place))
                if not data:
                    break
                if speed:
                    time.sleep(len(data) / speed)
                stream.write(trouble.spoil(data))
                place += len(data)
        return place == self.last + 1
