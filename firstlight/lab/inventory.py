"""The inventory of a lab, made from what `firstlight lab up` wrote down."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from firstlight.errors import FirstlightError
from firstlight.lab.gpus import hardware
from firstlight.lab.state import checkout_here, read_json

Host = tuple[str, dict[str, Any]]

# Of stand-ins: they hold no weights in memory, and load for a second.
SIMULATED = {"shm": "64MiB", "memory": "256MiB", "start_timeout": 60, "drain_timeout": 30}
# Small, so that several hosts fit on a laptop: 4 answers at a time of 2048 tokens each.
ENGINE_SETTINGS: dict[str, dict[str, Any]] = {
    "llamacpp": {
        "file": "tiny.gguf",
        "shm": "64MiB",
        "memory": "512MiB",
        "start_timeout": 60,
        "drain_timeout": 5,
        "args": {"threads": 1},
    },
    "vllm": {
        "shm": "512MiB",  # below about 160 MiB it does not start
        "memory": "4GiB",
        "start_timeout": 300,
        "drain_timeout": 30,
        "args": {
            "dtype": "float32",
            "enforce-eager": True,
            "kv-cache-memory-bytes": 67108864,
        },
    },
    "ollama": SIMULATED,
    "sglang": SIMULATED,
    "tgi": SIMULATED,
    "triton": {**SIMULATED, "args": {"tokenizer": "tiny/1"}},
}
# Where an engine reads another layout than a checkpoint's: the lab's model that has it.
LAYOUTS = {"triton": "triton"}
ITSELF = "itself"
"""Stands for monitors where every edge watches itself."""


def engine_names(given: Iterable[str]) -> list[str]:
    """Return the engines of ``given``, each a name or several with commas between; each once.

    Raises :class:`FirstlightError` for a name that no engine has.
    """
    names = [name.strip() for text in given for name in text.split(",") if name.strip()]
    for name in names:
        if name not in ENGINE_SETTINGS:
            raise FirstlightError(
                "the lab has no image for this engine",
                where=name,
                fix=f"one of: {', '.join(ENGINE_SETTINGS)}",
            )
    return list(dict.fromkeys(names))


def lab_inventory(name: str, engine: str, edges: str = "", monitors: str = "") -> list[Host]:
    """Return the lab's hosts with their data; empty until the lab is up.

    ``edges`` names hosts, with commas between, that are an edge alone: all others then have
    engines alone. Empty: every host has both. ``monitors`` names those that watch all others;
    "itself": every edge watches itself and what is behind it; empty: nobody is watched. Raises
    :class:`FirstlightError` when ``engine`` has no image in this lab, or where it has no such host.
    """
    root = checkout_here()
    lab = read_json(root / ".firstlight" / name / "lab.json")
    if lab is None:
        raise FirstlightError(
            f"the lab {name!r} is not up", fix="run: firstlight lab up   (or make demo)"
        )
    hosts = {host: host_data(root, lab, host, engine) for host in sorted(lab["hosts"])}
    named = {*edges.split(","), *monitors.split(",")} - {"", ITSELF}
    if strangers := sorted(named - {*hosts}):
        raise FirstlightError("the lab has no such host", where=", ".join(strangers))
    if edges:
        part(hosts, edges.split(","))
    for data in hosts.values():
        data["monitor"] = monitor(lab) if monitors else {"enabled": False}
    return list(hosts.items())


def monitor(lab: dict[str, Any]) -> dict[str, Any]:
    """Return how the lab's hosts are watched: with the images that the lab holds."""
    images = {"gpus": lab.get("gpu_exporter"), "grafana": lab.get("grafana")}
    shown = {
        part: {"image": image} if image else {"enabled": False} for part, image in images.items()
    }
    return {"interval": 5, **shown}


def part(hosts: dict[str, dict[str, Any]], edges: list[str]) -> None:
    """Leave ``edges`` without models, and all other hosts without a public door."""
    for name, data in hosts.items():
        if name in edges:
            data["models"] = []
            data.pop("nvidia", None)
        else:
            data["edge"] = {"enabled": False}


def host_data(root: Path, lab: dict[str, Any], host: str, engine: str) -> dict[str, Any]:
    """Return the inventory data of one lab host."""
    address, registry = lab["hosts"][host]["address"], lab.get("registry")
    login = {
        "ssh_hostname": address,
        "ssh_user": lab["ssh"]["user"],
        "ssh_key": str(root / lab["ssh"]["key"]),
        "ssh_known_hosts_file": str(root / lab["ssh"]["known_hosts"]),
        "_sudo": True,
        "site": lab["name"],
        "address": address,
    }
    gpus = nvidia(root, lab, host)
    if registry is None:  # a lab without services: nothing to serve, and nowhere to get it from
        nothing = {"models": [], "edge": {"enabled": False}}
        return {**login, **nothing, **({"nvidia": gpus} if gpus else {})}
    served = model(lab, engine)
    if gpus:
        served["gpus"] = "all"
    return {
        **login,
        "domain": f"{host}.firstlight.internal",
        "docker": {"registries": {registry["address"]: {"ca": str(root / registry["ca"])}}},
        "models": [served],
        **({"nvidia": gpus} if gpus else {}),
    }


def nvidia(root: Path, lab: dict[str, Any], host: str) -> dict[str, Any]:
    """Return the GPU settings of a host with SIMULATED GPUs; empty if it has none.

    Such a host may be rebooted without a question: it takes seconds and nobody uses it.
    """
    kind = lab["hosts"][host].get("gpus", hardware.NONE)
    if kind == hardware.NONE:
        return {}
    return {
        "count": hardware.count(kind),
        "reboot": "auto",
        "reboot_timeout": 120,
        "repository": repository(root, lab["archive"]["cuda"]),
        "toolkit_repository": repository(root, lab["archive"]["toolkit"]),
    }


def repository(root: Path, described: dict[str, Any]) -> dict[str, str]:
    """Return a repository's settings."""
    return {
        "url": described["url"],
        "key": str(root / described["key"]),
        "fingerprint": described["fingerprint"],
    }


def model(lab: dict[str, Any], engine: str) -> dict[str, Any]:
    """Return the tiny model served by ``engine``, pinned to what this lab holds."""
    if engine not in lab.get("images", {}):
        raise FirstlightError(
            f"the lab has no image of {engine}", fix=f"run: firstlight lab up --engine {engine}"
        )
    return {
        "name": "tiny",
        "engine": engine,
        **weights(lab, engine),
        "image": lab["images"][engine],
        "context": 2048,
        "concurrency": 4,
        "gpus": 0,
        **ENGINE_SETTINGS[engine],
    }


def weights(lab: dict[str, Any], engine: str) -> dict[str, Any]:
    """Return the settings that say where ``engine`` gets the tiny model from."""
    if engine == "ollama":
        found = lab["ollama"]
        return {"weights": found["weights"], "hub": found["url"], "bytes": found["bytes"]}
    served = lab["models"][LAYOUTS.get(engine, "tiny")]
    return {
        "repo": served["repo"],
        "revision": served["revision"],
        "bytes": served["bytes"],
        "hub": lab["hub"]["url"],
    }
