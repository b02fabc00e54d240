"""The key with which firstlight itself asks: kept as it is, for every run needs it again."""

from __future__ import annotations

from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.keys.key import RESERVED, mistaken_text, new_text
from firstlight.private_file import locked, read_private, write_private
from firstlight.secret import Secret


def probe(path: Path) -> Secret:
    """Return the key in the file at ``path``, made the first time it is asked for.

    Raises :class:`FirstlightError` where the file is readable by others or holds no such key;
    what it holds is never shown.
    """
    fix = f"take it away; the next run makes a new one: rm '{path}'"
    what = "the file of firstlight's own key"
    if not path.exists():
        with locked(path.parent):
            if not path.exists():  # another run may have been first
                write_private(path, f"{new_text(RESERVED).reveal()}\n".encode())
    text = read_private(path, what, fix).decode("utf-8", "replace").strip()
    if why := mistaken_text(RESERVED, text):
        raise FirstlightError(f"{what} is malformed", where=str(path), why=why, fix=fix)
    return Secret(text)
