"""What the SIMULATED driver shows to a container: its GPUs, their readings, and their XIDs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path("/usr/lib/firstlight-lab")
GEFORCE = "GeForce"


@dataclass(frozen=True)
class Gpu:
    """A GPU as it is called in every series."""

    index: int
    uuid: str
    bus: str
    name: str
    memory: int
    """MiB."""
    limit: float
    """Watts."""

    @property
    def profiled(self) -> bool:
        """Whether DCGM's profiling module serves it."""
        return GEFORCE not in self.name

    @property
    def device(self) -> Path:
        return Path(f"/dev/nvidia{self.index}")


def gpus(folder: Path = FOLDER) -> list[Gpu]:
    """The GPUs that DCGM finds when it starts: one that is lost is none of them."""
    path = folder / "gpus.table"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found = []
    for kind, *words in (line.split("|") for line in lines):
        if kind != "gpu":
            continue
        index, uuid, bus, memory, limit, name = (*words[:4], words[6], words[-1])
        gpu = Gpu(int(index), uuid, bus, name, int(memory), float(limit))
        if readings(gpu, folder).get("lost") != "yes":
            found.append(gpu)
    return found


def readings(gpu: Gpu, folder: Path = FOLDER) -> dict[str, str]:
    """What a GPU measures now, by the names that its driver's stand-in gives."""
    path = folder / "live" / f"gpu{gpu.index}"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def xids(since: float, folder: Path = FOLDER) -> list[tuple[int, int]]:
    """(GPU, XID) of each since then, seconds since 1970, oldest first."""
    path = folder / "live" / "xids"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    words = [line.split() for line in lines]
    return [(int(gpu), int(xid)) for when, gpu, xid in words if float(when) > since]
