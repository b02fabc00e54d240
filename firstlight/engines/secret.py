"""The secret by which a host's engines know that a request comes from its edge.

One a line, in a file for each host on the control machine. Engines take any of them, and the edge
sends the first: so a new one is put before the old one and brought out by deploys/stack.py, whose
engines know both before its edge sends the new one. By the edge alone answers would be 503 until then.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.private_file import locked, read_private, write_private
from firstlight.secret import Secret

_LINE = re.compile(r"backend_[A-Za-z0-9_-]{43,86}")
"""Never the start of a flag, nor anything that YAML or nginx would read otherwise."""
MOST = 4
"""Secrets that a host's engines take at a time."""
_FIX = "move the file away: the next run makes a new one, and the host's engines restart once"


def load_or_create(path: Path) -> tuple[Secret, ...]:
    """Return the secrets in the file at ``path``, which is made with one if it is not there.

    Raises :class:`FirstlightError` where the file is readable by others or malformed.
    """
    with locked(path.parent):
        if not path.exists():
            write_private(path, f"backend_{secrets.token_urlsafe(32)}\n".encode())
        content = read_private(path, "the secret of a host's engines", _FIX)
    lines = content.decode("utf-8", "replace").split()
    if not 0 < len(lines) <= MOST or not all(_LINE.fullmatch(line) for line in lines):
        raise FirstlightError(
            "the secret of a host's engines is malformed",
            where=str(path),
            why=f"it is not 1 to {MOST} lines of backend_ and 43 letters, digits, '-' and '_'",
            fix=_FIX,
        )
    return tuple(Secret(line) for line in lines)
