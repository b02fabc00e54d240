"""Files of packages: texts beside this one, with their @NAMES@ filled in."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parent / "files"
MODE, PROGRAM = 0o644, 0o755


def text(name: str, **values: str) -> str:
    """The file's text; raises KeyError for a name that is not given."""
    return re.sub(
        r"@([A-Z]+)@",
        lambda match: values[match[1].lower()],
        (FOLDER / name).read_text(encoding="utf-8"),
    )


def plain(name: str, **values: str) -> tuple[int, str]:
    """A file that is read."""
    return MODE, text(name, **values)


def program(name: str, **values: str) -> tuple[int, str]:
    """A file that is run."""
    return PROGRAM, text(name, **values)
