"""Tells the journal what an edge's request log says. Runs on the host, as one file.

It follows the log over its rotations, prints each line once, and keeps in a file how far it came:
what was logged while it did not run is printed when it does again. nginx knows nothing of it.
Standard library only.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 20
LONGEST = 40000
"""Bytes of a line at most: journald would cut a longer one in two."""
PAUSE = 1.0
DRAIN = 2
"""Looks at a log that was rotated before the new one begins: nginx may still write there."""


class Follower:
    """Where in which file the next line begins."""

    def __init__(self, log: Path, state: Path, out: BinaryIO) -> None:
        self.log, self.state, self.out = log, state, out
        self.inode, self.offset = self.read_state()
        self.left = DRAIN

    def read_state(self) -> tuple[int, int]:
        try:
            held = json.loads(self.state.read_text())
            return int(held["inode"]), int(held["offset"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0, 0

    def save(self) -> None:
        draft = self.state.with_name(f"{self.state.name}.new")
        draft.write_text(json.dumps({"inode": self.inode, "offset": self.offset}))
        draft.replace(self.state)

    def candidates(self) -> list[Path]:
        """Return what is there, the oldest first: only the last rotated one is not compressed."""
        both = (self.log.with_name(f"{self.log.name}.1"), self.log)
        return [each for each in both if each.exists()]

    def step(self) -> bool:
        """Print what is new; return whether there may be more right now."""
        files = [(each, each.stat().st_ino) for each in self.candidates()]
        if not files:
            return False
        inodes = [inode for _, inode in files]
        if self.inode not in inodes:
            self.begin(files)
        place = [inode for _, inode in files].index(self.inode)
        more = self.print_from(files[place][0])
        if more or place + 1 == len(files):
            self.left = DRAIN
            return more
        self.left -= 1
        if self.left <= 0:
            self.inode, self.offset, self.left = inodes[place + 1], 0, DRAIN
            self.save()
            return True
        return False

    def begin(self, files: list[tuple[Path, int]]) -> None:
        """Begin where the log is now; what is there of before, where it was rotated meanwhile."""
        if self.inode:
            print("lines of older logs are missing: they were rotated meanwhile", file=sys.stderr)
        self.inode, self.offset = files[0 if self.inode else -1][1], 0

    def print_from(self, path: Path) -> bool:
        """Print the whole lines behind the offset, a chunk at most; return whether any were."""
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_ino != self.inode:
                return True  # rotated in this moment: look anew
            if os.fstat(file.fileno()).st_size < self.offset:
                self.offset = 0  # emptied in place
            file.seek(self.offset)
            chunk = file.read(CHUNK)
        end = chunk.rfind(b"\n") + 1
        if not end and len(chunk) < CHUNK:
            return False
        end = end or len(chunk)
        for line in chunk[:end].splitlines():
            self.out.write(line[:LONGEST] + b"\n")
        self.out.flush()
        self.offset += end
        self.save()
        return True


def main(arguments: list[str]) -> int:
    """Follow LOG with the position in STATE until told to end."""
    log, state = map(Path, arguments)
    end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    follower = Follower(log, state, sys.stdout.buffer)
    while not end.is_set():
        try:
            more = follower.step()
        except FileNotFoundError:  # between two steps of a rotation
            more = False
        if not more:
            end.wait(PAUSE)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
