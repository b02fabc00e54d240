"""What stands at given paths: kind, mode, owner and content hash, in one round trip."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

# printf, because dash's echo reads backslashes. A path with a newline in it is passed over: its
# two lines could be taken for the state of another path.
SCRIPT = r"""
state() { printf '%s %s %s\n' "$1" "$2" "$p"; }
for p in "$@"; do
  case $p in *"
"*) continue ;; esac
  if [ -L "$p" ]; then state link "- - - -"
  elif [ -d "$p" ]; then state directory "$(stat -c '%a %U %G' "$p") -"
  elif [ -f "$p" ]; then state file "$(stat -c '%a %U %G' "$p") $(sha256sum <"$p" | cut -d' ' -f1)"
  elif [ -e "$p" ]; then state other "- - - -"
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
        # The echo ends a last line that has no end of its own.
        text = (
            'for p in "$@"; do [ -f "$p" ] && '
            r"""{ printf '=== %s\n' "$p"; sed "s/^/ /" "$p"; echo; }; done; true"""
        )
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
            elif line.startswith(" "):
                current.append(line[1:] + "\n")
        return {path: "".join(lines) for path, lines in texts.items()}
