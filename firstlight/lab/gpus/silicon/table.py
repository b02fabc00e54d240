"""What the loaded driver knows, as lines a shell can read: nvidia-smi's only source.

The CDI specification mounts the file into containers, where a shell is all there is.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, field, fields
from pathlib import Path

FILE = Path("/run/firstlight-lab/gpus.table")
IN_CONTAINER = "/usr/lib/firstlight-lab/gpus.table"


@dataclass
class Gpu:
    """One line ``gpu|…``: the fields in this order."""

    index: int
    uuid: str
    bus: str
    memory: int
    compute_capability: str
    mig: str
    power: str
    power_default: str
    power_least: str
    power_most: str
    persistence: str
    fabric_state: str
    fabric_status: str
    lost: str
    name: str


@dataclass
class Mig:
    """One line ``mig|…``: a compute instance that fills its GPU instance; -1 where it is none."""

    gpu: int
    instance: int
    compute: int
    uuid: str
    cap: int
    profile: str
    memory: int


@dataclass
class Table:
    """The whole file; ``driver`` is the loaded module's version."""

    driver: str
    cuda: str
    gpus: list[Gpu] = field(default_factory=list)
    migs: list[Mig] = field(default_factory=list)

    def of(self, gpu: int) -> list[Mig]:
        """The GPU instances of one GPU, in the order of their device numbers."""
        return sorted((mig for mig in self.migs if mig.gpu == gpu), key=lambda mig: mig.instance)


def _line(kind: str, record: Gpu | Mig) -> str:
    return "|".join([kind, *(str(value) for value in astuple(record))])


def render(table: Table) -> str:
    """The file's text."""
    lines = [f"driver|{table.driver}|{table.cuda}"]
    for gpu in table.gpus:
        lines.append(_line("gpu", gpu))
        lines += [_line("mig", mig) for mig in table.of(gpu.index)]
    return "\n".join(lines) + "\n"


def parse(text: str) -> Table:
    """The table of a file's text."""
    table = Table("", "")
    for line in text.splitlines():
        kind, *words = line.split("|")
        if kind == "driver":
            table.driver, table.cuda = words
        elif kind == "gpu":
            values = dict(zip([each.name for each in fields(Gpu)], words, strict=True))
            table.gpus.append(
                Gpu(index=int(values.pop("index")), memory=int(values.pop("memory")), **values)
            )
        elif kind == "mig":
            gpu, instance, compute, uuid, cap, profile, memory = words
            table.migs.append(
                Mig(int(gpu), int(instance), int(compute), uuid, int(cap), profile, int(memory))
            )
    return table


def load(path: Path = FILE) -> Table | None:
    """The table, or None while no driver is loaded."""
    return parse(path.read_text(encoding="utf-8")) if path.exists() else None


def save(table: Table, path: Path = FILE) -> None:
    """Write the table so that a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(render(table), encoding="utf-8")
    draft.chmod(0o644)
    draft.replace(path)
