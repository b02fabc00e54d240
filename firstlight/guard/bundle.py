"""``guard.pyz``: the guard's program in one file, the same bytes for the same sources."""

from __future__ import annotations

import functools
import io
import zipfile
from pathlib import Path

import firstlight

MAIN = "import sys\nfrom firstlight.guard.program import main\nsys.exit(main(sys.argv[1:]))\n"
OWN = (
    "__init__", "config", "events", "exchange", "finding", "hold", "http", "injection", "presidio",
    "program", "proxy", "reply", "rules", "slots", "spotting", "texts", "walk",
)  # fmt: skip
"""The modules that travel."""
CONSTANT_DATE = (1980, 1, 1, 0, 0, 0)


@functools.cache
def build() -> bytes:
    """Return ``guard.pyz``."""
    package = Path(firstlight.__file__).parent
    members = {"__main__.py": MAIN.encode(), "firstlight/__init__.py": b""}
    for name in OWN:
        members[f"firstlight/guard/{name}.py"] = (package / "guard" / f"{name}.py").read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as pyz:
        for name, data in sorted(members.items()):
            # Stored, not compressed: how deflate packs differs between versions of zlib.
            pyz.writestr(zipfile.ZipInfo(name, CONSTANT_DATE), data)
    return buffer.getvalue()
