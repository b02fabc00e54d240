"""What an engine looks for in its weights before it says that it serves them."""

from __future__ import annotations

import json
from pathlib import Path

from .serving import refuse


def checkpoint(program: str, name: str) -> Path:
    """The folder of a Hugging Face checkpoint; ends the program where there is none."""
    folder = Path(name)
    if not folder.is_absolute():
        refuse(program, f"{name} is on a model hub, and stand-ins fetch nothing")
    try:
        json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        refuse(program, f"cannot read {folder}/config.json: {error}")
    shards = sorted(folder.glob("*.safetensors"))
    if not shards:
        refuse(program, f"no *.safetensors in {folder}")
    for shard in shards:
        _header(program, shard)
    return folder


def _header(program: str, shard: Path) -> None:
    """Read the header of a safetensors file: its length in 8 bytes, then JSON with the offsets."""
    try:
        with shard.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(length))
        ends = [each["data_offsets"][1] for key, each in header.items() if key != "__metadata__"]
        whole = 8 + length + max(ends, default=0)
        if shard.stat().st_size < whole:
            refuse(program, f"{shard} is cut short: {shard.stat().st_size} of {whole} bytes")
    except (OSError, ValueError, KeyError, TypeError) as error:
        refuse(program, f"{shard} is not a safetensors file: {error!r}")


def repository(program: str, name: str) -> tuple[str, ...]:
    """The models of a Triton model repository; ends the program where one is not whole."""
    folder = Path(name)
    found = sorted(path for path in folder.glob("*") if path.is_dir() and path.name[0] != ".")
    if not found:
        refuse(program, f"failed to load all models: there is none in {folder}")
    for model in found:
        if not (model / "config.pbtxt").is_file():
            refuse(program, f"failed to load {model.name!r}: it has no config.pbtxt")
        if not any(path.name.isdigit() for path in model.iterdir() if path.is_dir()):
            refuse(program, f"failed to load {model.name!r}: it has no version folder")
    return tuple(model.name for model in found)
