"""lab.json in the checkout and rack.json on the machine: a `Rack` written down and read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from firstlight.errors import FirstlightError
from firstlight.lab import identity
from firstlight.lab.state import (
    CACHE_DIR,
    LIB_DIR,
    USER,
    HostEntry,
    Rack,
    invoking_owner,
    read_json,
    write_json,
)

EXTRAS = (
    "registry",
    "hub",
    "images",
    "variants",
    "tags",
    "models",
    "ollama",
    "archive",
    "acme",
    "guard",
    "gpu_exporter",
    "grafana",
)


def lab_json(rack: Rack) -> dict[str, Any]:
    """What inventories and tests read; paths are relative to the checkout."""
    return {
        "name": rack.name,
        "id": rack.id,
        "checkout": str(rack.checkout),
        "network": {"bridge": rack.bridge, "address": rack.address, "cidr": rack.cidr},
        "ssh": {
            "user": USER,
            "key": str(rack.ssh_key.relative_to(rack.checkout)),
            "known_hosts": str(rack.known_hosts.relative_to(rack.checkout)),
        },
        "hosts": {name: host.described() for name, host in sorted(rack.hosts.items())},
        **{key: rack.extras[key] for key in EXTRAS if key in rack.extras},
    }


def rack_from(
    data: dict[str, Any], checkout: Path, lib_dir: Path = LIB_DIR, cache_dir: Path = CACHE_DIR
) -> Rack:
    """The `Rack` that `lab_json` described."""
    try:
        uid, gid = invoking_owner()
        return Rack(
            name=str(data["name"]),
            checkout=checkout,
            cidr=str(data["network"]["cidr"]),
            suite=str(data.get("suite", "trixie")),
            owner_uid=int(data.get("owner_uid", uid)),
            owner_gid=int(data.get("owner_gid", gid)),
            lib_dir=lib_dir,
            cache_dir=cache_dir,
            hosts={
                name: HostEntry(
                    address=str(host["address"]),
                    suite=str(host["suite"]),
                    gpus=str(host.get("gpus", "none")),
                    kind=str(host.get("kind", "nspawn")),
                )
                for name, host in data["hosts"].items()
            },
            extras={key: data[key] for key in EXTRAS if key in data},
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FirstlightError(
            "the lab's state file is not understood",
            where=str(checkout / ".firstlight" / str(data.get("name", "?")) / "lab.json"),
            why=repr(error),
            fix="delete that file and run `firstlight lab up`",
        ) from error


def lab_file(checkout: Path, name: str) -> Path:
    """Where a lab's state lies in its checkout."""
    return checkout / ".firstlight" / name / "lab.json"


def load(checkout: Path, name: str) -> Rack | None:
    """The lab as its checkout remembers it, or None if it was never up (or is purged)."""
    data = read_json(lab_file(checkout, name))
    if data is None or data.get("name") != name:
        return None
    # A checkout that was moved or copied is another lab: its id, hence all names, differ.
    if data.get("id") != identity.lab_id(checkout, name):
        return None
    return rack_from(data, checkout)


def save(rack: Rack) -> None:
    """Write both files, where they differ from what is there."""
    described = lab_json(rack)
    if rack.machine_dir.is_dir():
        remembered = {
            **described,
            "suite": rack.suite,
            "owner_uid": rack.owner_uid,
            "owner_gid": rack.owner_gid,
        }
        if read_json(rack.machine_dir / "rack.json") != remembered:
            write_json(rack.machine_dir / "rack.json", remembered)
    rack.make_state_dir()
    path = lab_file(rack.checkout, rack.name)
    if read_json(path) != described:
        write_json(path, described)
        rack.give_to_owner(path)


def on_machine(lib_dir: Path = LIB_DIR) -> list[Rack]:
    """Every lab this machine holds, of all checkouts, also of deleted ones. Needs root."""
    racks = []
    for path in sorted(lib_dir.glob("*/rack.json")):
        data = read_json(path)
        if data is not None:
            rack = rack_from(data, Path(str(data.get("checkout", "/"))), lib_dir)
            # realpath of a deleted checkout could now resolve elsewhere; the folder decides.
            if rack.machine_dir == path.parent:
                racks.append(rack)
    return racks
