"""What stands at given paths: kind, mode, owner and content hash, in one round trip."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

SCRIPT = r"""
for p in "$@"; do
  if [ -L "$p" ]; then echo "link - - - - $p"
  elif [ -d "$p" ]; then echo "directory $(stat -c '%a %U %G' "$p") - $p"
  elif [ -f "$p" ]; then echo "file $(stat -c '%a %U %G' "$p") $(sha256sum <"$p" | cut -d' ' -f1) $p"
  elif [ -e "$p" ]; then echo "other - - - - $p"
  fi
done
true
"""


@dataclass(frozen=True)
class PathState:
    """One path: ``kind`` is file, directory, link or other; ``mode`` is octal digits."""

    kind: str
    mode: str
    user: str
    group: str
    sha256: str


class PathStates(FactBase[dict[str, PathState]]):
    """Return the state of each of ``paths`` that exists."""

    default = dict

    @override
    def command(self, paths: tuple[str, ...]) -> StringCommand:
        return StringCommand(
            "sh -c", QuoteString(SCRIPT), "paths", *[QuoteString(path) for path in paths]
        )

    @override
    def process(self, output: list[str]) -> dict[str, PathState]:
        states = {}
        for line in output:
            parts = line.split(" ", 5)
            if len(parts) == 6:
                states[parts[5]] = PathState(*parts[:5])
        return states


class Contents(FactBase[dict[str, str]]):
    """Return the text of each of ``paths`` that is a readable file; only for ``--diff``."""

    default = dict

    @override
    def command(self, paths: tuple[str, ...]) -> StringCommand:
        text = r'for p in "$@"; do [ -f "$p" ] && { echo "=== $p"; sed "s/^/ /" "$p"; }; done; true'
        return StringCommand(
            "sh -c", QuoteString(text), "contents", *[QuoteString(path) for path in paths]
        )

    @override
    def process(self, output: list[str]) -> dict[str, str]:
        texts: dict[str, list[str]] = {}
        current: list[str] = []
        for line in output:
            if line.startswith("=== "):
                current = texts.setdefault(line[4:], [])
            else:
                current.append(line[1:] + "\n")
        return {path: "".join(lines) for path, lines in texts.items()}
