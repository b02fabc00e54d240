"""``facts.pyz``: the program in one file, the same bytes for the same sources."""

from __future__ import annotations

import functools
import io
import zipfile
from pathlib import Path

import firstlight

MAIN = "import sys\nfrom firstlight.exporter.program import main\nsys.exit(main(sys.argv[1:]))\n"
OWN = (
    "__init__", "certificates", "command", "deploys", "gpus", "models", "page", "program",
    "units", "upkeep", "xids",
)  # fmt: skip
"""The modules that travel."""
CONSTANT_DATE = (1980, 1, 1, 0, 0, 0)


@functools.cache
def build() -> bytes:
    """Return ``facts.pyz``."""
    package = Path(firstlight.__file__).parent
    members = {"__main__.py": MAIN.encode(), "firstlight/__init__.py": b""}
    for name in OWN:
        path = f"exporter/{name}.py"
        members[f"firstlight/{path}"] = (package / path).read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as pyz:
        for name, data in sorted(members.items()):
            # Stored, not compressed: how deflate packs differs between versions of zlib.
            pyz.writestr(zipfile.ZipInfo(name, CONSTANT_DATE), data)
    return buffer.getvalue()
