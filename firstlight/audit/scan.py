"""Asks the ports of hosts, from here or from elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from firstlight.audit import scanner
from firstlight.audit.exposure import Seen
from firstlight.catalogue.load import table
from firstlight.errors import FirstlightError

PROGRAM = Path(scanner.__file__)
REQUEST = "FIRSTLIGHT_AUDIT_REQUEST"
MARK = "firstlight-scan: "
RATE = 8000
"""Probes a second for each address; 65,535 silent ports of a host then take 10 s."""
MOST = 16000
"""Probes a second in all: more does not fit into one process."""
ALL = ((1, 65535),)
HERE = "the control machine"
Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Target:
    """One address of a host. ``known`` are ports that should answer, ``udp`` those to ask."""

    host: str
    address: str
    known: tuple[int, ...]
    udp: tuple[int, ...]


@cache
def payloads() -> dict[int, list[str]]:
    """Return what is sent to each UDP port, in hex."""
    return {
        row["port"]: [each.ljust(2 * row.get("pad", 0), "0") for each in row["payloads"]]
        for row in table("udp").values()
    }


def request(targets: Sequence[Target], tcp: Ranges, rate: int) -> dict[str, Any]:
    """Return what the scanner is asked for."""
    each_one = [{"address": t.address, "tcp": tcp, "known": t.known, "udp": t.udp} for t in targets]
    return {
        "targets": each_one,
        "rate": min(rate * max(1, len(targets)), max(MOST, rate)),
        "payloads": payloads(),
    }


def limit(asked: Mapping[str, Any]) -> float:
    """Return after how many seconds a scan that was ``asked`` for is given up."""
    ports = sum(high - low + 1 for t in asked["targets"] for low, high in t["tcp"])
    return float(60 + 4 * ports / min(asked["rate"], 2000))


def here(asked: Mapping[str, Any]) -> str:
    """Run the scanner on this machine; what it printed."""
    return piped([sys.executable, "-I", "-", json.dumps(asked)], HERE, limit(asked))


def by_ssh(destination: str, asked: Mapping[str, Any]) -> str:
    """Run the scanner at an SSH destination outside the inventory; what it printed."""
    if destination.startswith("-"):
        raise FirstlightError("this is no destination of ssh", where=destination)
    quoted = "'" + json.dumps(asked) + "'"  # JSON of numbers, addresses and hex has no quote
    words = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15", destination]
    return piped(
        [*words, f'ulimit -n "$(ulimit -Hn)"; exec python3 - {quoted}'], destination, limit(asked)
    )


def piped(words: list[str], where: str, seconds: float) -> str:
    """Run ``words`` with the scanner as its input."""
    with PROGRAM.open("rb") as text:
        try:
            done = subprocess.run(
                words, stdin=text, capture_output=True, text=True, timeout=seconds, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise FirstlightError(
                "the ports could not be asked", where=where, why=str(error)
            ) from None
    if done.returncode:
        why = "\n       ".join(done.stderr.strip().splitlines()[-4:])
        raise FirstlightError("the ports could not be asked", where=where, why=why)
    return done.stdout


def seen(
    output: str, targets: Sequence[Target], vantage: str, tcp: Ranges
) -> tuple[list[Seen], float]:
    """Return what the scanner saw of each target, and how many seconds it took."""
    try:
        said = json.loads(output)
        by_address = said["seen"]
    except (ValueError, KeyError, TypeError):
        raise FirstlightError(
            "the ports could not be asked", where=vantage, why=f"it answered {output[:200]!r}"
        ) from None
    found = []
    for target in targets:
        one = by_address[target.address]
        found.append(
            Seen(
                host=target.host,
                address=target.address,
                vantage=vantage,
                source=one["source"],
                tcp=tuple(sorted(int(port) for port in one["open"])),
                udp=tuple(one.get("udp", ())),
                asked=(*tcp, *beside(tcp, target.known)),
                counts={key: one[key] for key in ("closed", "rejected", "silent")},
                error=one["error"],
            )
        )
    return found, float(said["seconds"])


def beside(tcp: Ranges, known: Sequence[int]) -> list[tuple[int, int]]:
    """Return ports that are asked though the ranges leave them out."""
    return [(each, each) for each in known if not any(low <= each <= high for low, high in tcp)]
