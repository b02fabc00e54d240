"""What a lab is (`Rack`), and the two small files that remember it."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import firstlight
from firstlight.errors import FirstlightError
from firstlight.lab import identity

LIB_DIR = Path("/var/lib/firstlight-lab")
CACHE_DIR = Path("/var/cache/firstlight-lab")
USER = "ops"


@dataclass
class HostEntry:
    """One host as written in lab.json."""

    address: str
    suite: str
    gpus: str = "none"
    """Kind of its SIMULATED GPUs, see `firstlight.lab.gpus.hardware`."""
    kind: str = "nspawn"
    """What it is, see `firstlight.lab.kinds`."""

    def described(self) -> dict[str, str]:
        """As it stands in lab.json."""
        return (
            {"address": self.address, "suite": self.suite}
            | ({"gpus": self.gpus} if self.gpus != "none" else {})
            | ({"kind": self.kind} if self.kind != "nspawn" else {})
        )


@dataclass
class Rack:
    """One lab of one checkout. Paths are absolute; ``cidr`` is the lab's /24."""

    name: str
    checkout: Path
    cidr: str
    suite: str = "trixie"
    owner_uid: int = 0
    owner_gid: int = 0
    lib_dir: Path = LIB_DIR
    cache_dir: Path = CACHE_DIR
    hosts: dict[str, HostEntry] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)
    """registry, hub, images, models: what services and image builders reported."""

    @property
    def id(self) -> str:
        """Six hex digits, from the checkout's path and the lab's name."""
        return identity.lab_id(self.checkout, self.name)

    @property
    def network(self) -> IPv4Network:
        """The lab's address range."""
        return IPv4Network(self.cidr)

    @property
    def bridge(self) -> str:
        """Name of the lab's bridge interface."""
        return identity.bridge_name(self.id)

    @property
    def address(self) -> str:
        """The machine's own address on the bridge; the lab's services listen there."""
        return identity.bridge_address(self.network)

    @property
    def state_dir(self) -> Path:
        """What the checkout remembers; belongs to the user who invoked the lab."""
        return self.checkout / ".firstlight" / self.name

    @property
    def machine_dir(self) -> Path:
        """What the machine holds for this lab; root only."""
        return self.lib_dir / self.id

    @property
    def ssh_key(self) -> Path:
        """Private key that opens `ops` on every host of the lab."""
        return self.state_dir / "ssh" / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """The hosts' keys, known before they first boot."""
        return self.state_dir / "ssh" / "known_hosts"

    def host_dir(self, host: str) -> Path:
        """Where the machine keeps one host: root file system, keys, pids, console log."""
        return self.machine_dir / "hosts" / host

    def give_to_owner(self, path: Path) -> None:
        """Make a file or folder in the checkout belong to the user who called sudo."""
        if os.geteuid() == 0:
            os.chown(path, self.owner_uid, self.owner_gid, follow_symlinks=False)

    def make_state_dir(self, *parts: str) -> Path:
        """Create (0700, the user's) and return a folder below the lab's state directory."""
        path = self.checkout / ".firstlight"
        for part in ("", self.name, *parts):
            path = path / part if part else path
            if not path.is_dir():
                path.mkdir(mode=0o700)
                self.give_to_owner(path)
        return path


def checkout_here() -> Path:
    """The checkout this package runs from, or the working directory if it is installed."""
    root = Path(firstlight.__file__).resolve().parents[1]
    return root if (root / "inventories").is_dir() else Path.cwd()


def default_name() -> str:
    """The lab's name: FIRSTLIGHT_LAB, else ``lab``; it becomes a folder's name."""
    return checked_name(os.environ.get("FIRSTLIGHT_LAB") or "lab")


def checked_name(name: str) -> str:
    """Return ``name`` if it can name a lab (a-z, 0-9, -; at most 20), else raise."""
    plain = name.replace("-", "")
    good = plain.isascii() and plain.isalnum() and name == name.lower() and len(name) <= 20
    if not good or name.startswith("-"):
        raise FirstlightError(
            "not a usable lab name", where=name, why="expected a-z, 0-9 and -, at most 20"
        )
    return name


def invoking_owner() -> tuple[int, int]:
    """uid and gid of the person behind sudo, else of this process."""
    try:
        return int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"])
    except (KeyError, ValueError):
        return os.getuid(), os.getgid()


def write_json(path: Path, data: dict[str, Any], mode: int = 0o600) -> None:
    """Write ``data`` so that a reader sees the old file or the new one, never half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            os.fchmod(stream.fileno(), mode)
            json.dump(data, stream, indent=2, sort_keys=True)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in ``path``, or None if there is no such file or it is not a JSON object."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return data if isinstance(data, dict) else None
