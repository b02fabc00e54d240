"""The lab's model: a tiny Llama with RANDOM weights, made here, byte-identical everywhere.

Its prose is noise; what it proves is the path. The libraries it is made with come with the
``lab`` extra, so they are imported only when the model is really made.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from firstlight.errors import FirstlightError

NAME = "tiny"
GGUF = "tiny.gguf"
PINNED: dict[str, str] = {
    "README.md": "7369e578ffbe280b96e558c37666cf786c0fcc3c464eb9b1266ea59a01fba280",
    "chat_template.jinja": "f91864928fccff928b3068ca784db6275e655e400ccbb28f61d92c0090caf3b3",
    "config.json": "8965f059361430c30d49decf50c55f6dd68baad5be823a78906531205d079fdc",
    "generation_config.json": "ab888127e368377681f2b0024f1ff185d3c2557cfb2cf4e84f3569788d38c016",
    "model.safetensors": "11e687203e054f1e500e0d129d6df0dbaeb6c8399d2256c580d5a0d8d12d1a4b",
    "tiny.gguf": "b76d7c75e658f45bccf20e7950e0f58c2a55dbd05dd1dcedb5077cf76bd7c28b",
    "tokenizer.json": "33a1fa457c39fb632bbf127da2a20af53d0c24fdc8cdf4bf895c9ef049d543ad",
    "tokenizer_config.json": "83d55f727745a07e690bc31559d46d31195478de85654615b040eb35e8b04aa3",
}
"""SHA-256 of every file of the model."""


def ensure(directory: Path) -> Path:
    """Make the model in ``directory`` unless it is there, whole and right; return ``directory``.

    Raises :class:`FirstlightError` if what was made differs from the pinned checksums.
    """
    if checksums(directory) == PINNED:
        return directory
    directory.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=directory.parent, prefix=f".{directory.name}."))
    try:
        build(temporary)
        made = checksums(temporary)
        if made != PINNED:
            wrong = sorted(name for name in PINNED | made if PINNED.get(name) != made.get(name))
            raise FirstlightError(
                "the tiny model came out different from its pinned checksums",
                where=", ".join(wrong),
                why="a library it is made with (numpy, safetensors, tokenizers, gguf) differs",
                fix="install the pinned development requirements",
            )
        temporary.chmod(0o755)
        shutil.rmtree(directory, ignore_errors=True)
        temporary.rename(directory)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return directory


def build(directory: Path) -> None:
    """Write every file of the model into the existing ``directory`` (0.3 s, 1.7 MB)."""
    try:
        from firstlight.lab.model import gguf_file, huggingface, tokenizer, weights
    except ImportError as error:
        raise FirstlightError(
            "the lab's model cannot be made",
            why=f"the Python package {error.name} is not installed",
            fix="pip install 'firstlight[lab]'",
        ) from error
    shape = weights.Shape()
    trained = tokenizer.train()
    values = weights.make(shape, trained.silent_ids())
    huggingface.write(directory, shape, trained, values)
    gguf_file.write(directory / GGUF, NAME, shape, trained, values)
    for path in directory.iterdir():
        path.chmod(0o644)


def checksums(directory: Path) -> dict[str, str]:
    """SHA-256 by file name of everything in ``directory``; empty if there is none."""
    if not directory.is_dir():
        return {}
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.iterdir())
        if path.is_file()
    }
