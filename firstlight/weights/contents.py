"""What stands in a store, who uses it, and whether it is still right.

Runs on the host, in ``fetch.pyz``, as root: it looks into units and jobs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from firstlight.weights.blobs import INCOMING
from firstlight.weights.store import MARKER, WRONG, source_of
from firstlight.weights.wanted import PARALLEL, FetchError, is_right

UNIT = "firstlight-engine-"


@dataclass
class Folder:
    """One folder of weights: ``wrong`` files, models that want it, units that use it."""

    folder: str
    source: str = ""
    bytes: int = 0
    complete: bool = False
    wrong: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    used_by: list[str] = field(default_factory=list)
    incoming: bool = False


@dataclass(frozen=True)
class Places:
    """Where things are on a host."""

    store: Path
    jobs: Path = Path("/etc/firstlight/weights")
    units: Path = Path("/etc/systemd/system")
    kept: Path = Path("/var/lib/firstlight/engines")


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object; an empty one where there is none, or half of one."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def mentions(places: Places) -> Iterator[tuple[str, str]]:
    """Yield who mentions which folder: units, and what an upgrade keeps to return to."""
    name = re.compile(re.escape(str(places.store)) + r"/([A-Za-z0-9][A-Za-z0-9._@-]*)")
    files = [
        (unit.name, path)
        for unit in places.units.glob(f"{UNIT}*")
        for path in ([unit] if unit.is_file() else unit.rglob("*"))
    ]
    files += [(f"{p.parent.name} ({p.stem})", p) for p in places.kept.rglob("*")]
    for user, path in files:
        if path.is_file():
            for folder in set(name.findall(path.read_text("utf-8", "replace"))):
                yield user, folder


def sizes(folder: Path) -> dict[str, int]:
    """Return the length of every file below ``folder``."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(folder)): path.stat().st_size for path in files}


def described(folder: Path) -> Folder:
    """Return one folder as it stands."""
    marker, have = read_json(folder / MARKER), sizes(folder)
    files = marker.get("files", {})
    wrong = read_json(folder / WRONG).get("files", [])
    whole = bool(files) and all(have.get(name) == each["size"] for name, each in files.items())
    own = sum(size for name, size in have.items() if name not in (MARKER, WRONG))
    return Folder(folder.name, source_of(marker), own, whole and not wrong, wrong, [], [], False)


def contents(places: Places) -> list[Folder]:
    """Return every folder of the store, and every download that has not ended."""
    found = [described(p) for p in visible(places.store)]
    for path in visible(places.store / INCOMING):
        entry = described(path)
        found.append(Folder(entry.folder, entry.source, entry.bytes, incoming=True))
    jobs = [read_json(path) for path in sorted(places.jobs.glob("*.json"))]
    users = sorted(set(mentions(places)))
    for each in found:
        wanting = [job for job in jobs if Path(job.get("folder", "")).name == each.folder]
        each.models = [str(job.get("name", "")) for job in wanting]
        each.source = each.source or next((str(job.get("source", "")) for job in wanting), "")
        each.used_by = [unit for unit, folder in users if folder == each.folder]
    return found


def visible(folder: Path) -> list[Path]:
    """Return the folders of weights in ``folder``: NAME@REVISION-CHOICE, as the store names them.

    What else stands there (lost+found, an operator's own models) is not ours to judge or remove.
    """
    if not folder.is_dir():
        return []
    own = (p for p in folder.iterdir() if "@" in p.name and not p.name.startswith("."))
    return sorted(p for p in own if p.is_dir() and not p.is_symlink())


def listing(places: Places) -> str:
    """Return the contents as JSON, for the control machine."""
    return json.dumps([asdict(each) for each in contents(places)])


def rotten(
    folder: Path, files: Mapping[str, Mapping[str, Any]], progress: Callable[[int], None]
) -> list[str]:
    """Return which ``files`` of a folder are not what its done-marker says; reads them all."""

    def right(name: str) -> bool:
        return is_right(folder / name, files[name]["size"], files[name]["checksum"])

    bad, names = [], sorted(files)
    with ThreadPoolExecutor(PARALLEL) as pool:
        for name, is_it in zip(names, pool.map(right, names), strict=True):
            bad += [] if is_it else [name]
            progress(files[name]["size"])
    return bad


def verify(places: Places, say: Callable[[str], None], progress: Callable[[int], None]) -> None:
    """Read every file again and compare. Raises :class:`FetchError`, which names the wrong ones.

    What is wrong is noted beside the done-marker: the next fetch mends these files, and the
    folder counts as incomplete until then.
    """
    wrong: list[str] = []
    incomplete: list[str] = []
    for folder in visible(places.store):
        files = read_json(folder / MARKER).get("files", {})
        if not files:
            incomplete.append(folder.name)
            say(f"{folder.name}: not complete")
            continue
        bad = rotten(folder, files, progress)
        note = folder / WRONG
        if bad:
            note.write_text(json.dumps({"files": bad}) + "\n")
        else:
            note.unlink(missing_ok=True)
        say(f"{folder.name}: " + (f"{len(bad)} of {len(files)} files wrong" if bad else "right"))
        wrong += [f"{folder.name}/{name}" for name in bad]
    if wrong:
        raise FetchError(
            f"{len(wrong)} of the files are not what was fetched: {', '.join(wrong)}",
            "their bytes changed on the disk since",
            "`firstlight models pull INVENTORY` fetches only these anew; then restart the engines "
            "that use them, and look at the disk (smartctl -a)",
        )
    if incomplete:
        raise FetchError(
            f"not complete, so that no engine starts on it: {', '.join(incomplete)}",
            "it has no done-marker: a fetch that was to mend it did not end",
            "`firstlight models pull INVENTORY`, or `firstlight models gc` if nobody uses it",
        )
