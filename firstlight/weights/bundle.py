"""``fetch.pyz``: the fetch program and huggingface_hub in one file, for hosts without pip.

It is made from what is installed on the control machine, so hosts need neither an index nor
a compiler, and every host runs the version that was tested. The bytes depend only on the
packages' contents: an unchanged control machine makes an identical file.
"""

from __future__ import annotations

import functools
import hashlib
import io
import os
import re
import zipfile
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

import firstlight
from firstlight.errors import FirstlightError

# Compiled, and only a faster way for some repositories: plain HTTP serves all of them.
LEFT_OUT = {"hf-xet"}
# What a host's Python may be at the least (Debian 12): decides what has to be in the file.
OLDEST_HOST = {"extra": "", "python_version": "3.11", "python_full_version": "3.11.0"}
MAIN = "import sys\nfrom firstlight.weights.program import main\nsys.exit(main(sys.argv[1:]))\n"
OWN = (
    "__init__.py",
    *(
        f"weights/{name}.py"
        for name in (
            "__init__", "blobs", "collect", "contents", "fetch", "hub", "listed", "ollama",
            "program", "signature", "source", "store", "wanted", "web",
        )
    ),
)  # fmt: skip
"""The part of firstlight that travels, below its package."""
CONSTANT_DATE = (1980, 1, 1, 0, 0, 0)


def normal(name: str) -> str:
    """Return a distribution's name as the packaging standard compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(name: str) -> list[metadata.Distribution]:
    """Return the installed distribution ``name`` and all it needs, sorted by name."""
    found: dict[str, metadata.Distribution] = {}
    todo = [Requirement(name)]
    while todo:
        requirement = todo.pop()
        current = normal(requirement.name)
        if current in found or current in LEFT_OUT:
            continue
        try:
            found[current] = metadata.distribution(current)
        except metadata.PackageNotFoundError:
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
                continue  # stands in for something that only an older Python lacks
            raise FirstlightError(
                f"the Python package {current} is missing on the control machine",
                fix="install firstlight again with its requirements",
            ) from None
        for text in found[current].requires or []:
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate(OLDEST_HOST):
                todo.append(needed)
    return [found[key] for key in sorted(found)]


def own() -> dict[str, bytes]:
    """Return the archive's files that are firstlight's own."""
    package = Path(firstlight.__file__).parent
    return {f"firstlight/{name}": (package / name).read_bytes() for name in OWN}


def members() -> dict[str, bytes]:
    """Return the archive's files by name: Python sources, data and licences, nothing compiled."""
    files = {"__main__.py": MAIN.encode(), **own()}
    for distribution in closure("huggingface_hub"):
        for item in distribution.files or []:
            path, name = Path(str(item.locate())), item.as_posix()
            wanted = not name.startswith("..") and "__pycache__" not in name
            if wanted and path.suffix not in {".so", ".pyc"} and path.is_file():
                files[name] = path.read_bytes()
    return files


def identity() -> str:
    """Return a short hash of what the archive is made of, without making it."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for content in own().values():
        digest.update(content)
    for distribution in closure("huggingface_hub"):
        digest.update(f"{distribution.name}=={distribution.version}\n".encode())
    return digest.hexdigest()[:16]


def build() -> bytes:
    """Return ``fetch.pyz`` as bytes, the same for the same packages."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as pyz:
        for name, data in sorted(members().items()):
            if name.endswith(("/RECORD", "/INSTALLER", "/REQUESTED", "/direct_url.json")):
                continue  # they say where and how it was installed
            entry = zipfile.ZipInfo(name, CONSTANT_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            pyz.writestr(entry, data)
    return buffer.getvalue()


@functools.cache
def archive(cache: Path) -> bytes:
    """Return ``fetch.pyz``, from the folder ``cache`` if it was made before.

    Making it takes about a second, a run that changes nothing only a few.
    """
    path = cache / f"fetch-{identity()}.pyz"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_bytes(build())
        unfinished.rename(path)
    return path.read_bytes()
