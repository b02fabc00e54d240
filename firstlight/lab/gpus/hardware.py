"""hardware.json of a lab host: what of a kind of GPUs is on its bus, and switches for faults."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable
from typing import Any

from firstlight.errors import FirstlightError
from firstlight.lab.gpus.cards import AUDIO, BRIDGE, KINDS, Card

NONE = "none"
SUITE = "trixie"
"""The only suite of hosts with GPUs: Debian 12's smallest Python lacks what the programs need."""


CHOICES = (NONE, *KINDS)


def checked_kind(kind: str, suite: str = SUITE) -> str:
    """Return ``kind`` if the lab knows it and has it for hosts of ``suite``, else raise."""
    if kind not in CHOICES:
        raise FirstlightError(
            "the lab does not know this kind of GPUs",
            where=kind,
            fix=f"one of: {', '.join(CHOICES)}",
        )
    if kind != NONE and suite != SUITE:
        raise FirstlightError(
            "the lab has SIMULATED GPUs for hosts of one suite only",
            where=f"{kind} on {suite}",
            fix=f"--suite {SUITE}, or --gpus {NONE}",
        )
    return kind


def kinds(words: Iterable[str]) -> dict[str, str]:
    """Kinds by host from words ``KIND`` (every host: "") and ``HOST=KIND``; raises FirstlightError."""
    found = {}
    for word in words:
        host, _, kind = word.rpartition("=")
        if host and not re.fullmatch(r"lab[1-9]\d*", host):
            raise FirstlightError("not a lab host", where=word, fix="lab2=rtx4090, for example")
        found[host] = checked_kind(kind)
    return found


def count(kind: str) -> int:
    """How many GPUs a host of this kind has."""
    return KINDS[kind].count if kind in KINDS else 0


def description(kind: str, seed: str) -> dict[str, Any]:
    """hardware.json of a host: what is on its bus, and switches for faults.

    ``seed`` names the host: its GPUs keep their UUIDs through every reset.
    """
    made = KINDS[kind]
    gpus = [_gpu(made.card, index, seed) for index in range(made.count)]
    functions = [
        {"address": "0000:00:00.0", "vendor": "0x8086", "device": "0x0d57", "class": "0x060000"}
    ]
    for gpu in gpus:
        functions.append(_function(gpu["address"], made.card.device, made.card.pci_class))
        if made.card.audio:
            functions.append(_function(gpu["address"][:-1] + "1", made.card.audio, AUDIO))
    functions += [
        _function(f"0000:{0xA0 + number:02x}:00.0", device, BRIDGE)
        for number, device in enumerate(made.switches)
    ]
    return {
        "simulated": "SIMULATED: no GPU is here",
        "kind": kind,
        "functions": functions,
        "gpus": gpus,
        "switches": len(made.switches),
        "secure_boot": False,
        "nouveau": False,
        "absent": [],
        "fallen": [],
        "dkms_fails": [],
    }


def _function(address: str, device: str, pci_class: str) -> dict[str, str]:
    return {"address": address, "vendor": "0x10de", "device": device, "class": pci_class}


def _gpu(card: Card, index: int, seed: str) -> dict[str, Any]:
    digest = hashlib.sha256(f"{seed}\0{index}".encode()).digest()
    return {
        "address": f"0000:{1 + 0x10 * index:02x}:00.0",
        "uuid": f"GPU-{uuid.UUID(bytes=digest[:16])}",
        "name": f"{card.name} SIMULATED",
        "device": card.device,
        "memory": card.memory,
        "compute_capability": card.compute_capability,
        "power": list(card.power),
        "modules": list(card.modules),
        "last_branch": card.last_branch,
        "fabric": card.fabric,
        "profiles": [vars(profile) for profile in card.profiles],
    }
