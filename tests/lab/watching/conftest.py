"""The watched rack, deployed to once; alerts of it come to a receiver of the tests."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from firstlight.lab import manifest
from tests.lab import lab_keys
from tests.lab.rack import BIN, LAB, ROOT, Run, TestRack, command, firstlight
from tests.lab.watching.receiver import Receiver

NAME = f"watch-{LAB}"
MONITOR = "lab3"
INVENTORY = "tests/lab/watching/inventory.py"
KEEP = bool(os.environ.get("KEEP_LAB"))
CARDS = ("--gpus", "lab1=rtx4090", "--gpus", "lab2=8xh100")
IMAGES = ("--engine", "llamacpp,vllm", "--gpu-exporter", "--grafana")


@dataclass(frozen=True)
class Watched:
    """The rack, what brought it up, who is told of it."""

    rack: TestRack
    receiver: Receiver
    settings: dict[str, Any]
    first: Run

    def deploy(self, *flags: str, deploy: str = "stack", **changes: Any) -> Run:
        """Deploy to all three hosts, with ``changes`` to how they are watched."""
        return deployed(*flags, deploy=deploy, settings={**self.settings, **changes})

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Ask the monitor's Prometheus; return labels and values."""
        asked = f"curl -sS -m 10 --data-urlencode 'query@-' http://127.0.0.1:9090/api/v1/query <<'END'\n{query}\nEND"
        answer = json.loads(self.rack.sh(MONITOR, asked).out)
        assert answer["status"] == "success", answer
        return list(answer["data"]["result"])


def firing(watched: Watched) -> set[str]:
    """Return the names of the alerts that fire."""
    return {each["metric"]["alertname"] for each in watched.ask('ALERTS{alertstate="firing"}')}


def told_of(*words: str) -> Run:
    """Run the ``firstlight`` command on the rack's inventory: its verbs, then its flags."""
    verbs = [word for word in words if not word.startswith("-")]
    flags = [word for word in words if word.startswith("-")]
    named = {"FIRSTLIGHT_LAB": NAME, "PYTHONPATH": str(ROOT)}
    return command(str(BIN / "firstlight"), *verbs, INVENTORY, *flags, timeout=300, **named)


def deployed(*flags: str, deploy: str, settings: dict[str, Any]) -> Run:
    words = (str(BIN / "pyinfra"), "-y", *flags, INVENTORY, f"deploys/{deploy}.py")
    told = {"FIRSTLIGHT_LAB": NAME, "WATCHING": json.dumps(settings), "PYTHONPATH": str(ROOT)}
    return command(*words, timeout=590, **told)


@pytest.fixture(scope="package")
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.stop()


@pytest.fixture(scope="package")
def watched(receiver: Receiver) -> Iterator[Watched]:
    """The rack with the stack and its observation; gone afterwards."""
    if not KEEP:
        firstlight("lab", "down", "--purge", "--name", NAME, check=False)
    firstlight("lab", "up", "--name", NAME, "--hosts", "3", *CARDS, *IMAGES, timeout=1800)
    firstlight("keys", "issue", "demo", "--once", "--site", NAME)
    state = manifest.load(ROOT, NAME)
    assert state is not None
    rack = TestRack(state)
    lab_keys.issue(state, lab_keys.LIMITS)
    # A rack that is kept knows where its receiver was.
    url = receiver.start(state.address, 18088 if KEEP else 0)
    settings = {
        "alerts": {
            "receivers": {"desk": {"webhook": {"url": url}}},
            # Time is short here: what has to last five minutes elsewhere lasts ten seconds.
            "patience": 0.03,
            "wait": 1,
            "interval": 5,
            "backup_hours": 26,
            "slo": {"ttft_p95": 1.0},
        }
    }
    for host in state.hosts:
        rack.sh(
            host, "mkdir -p /var/lib/firstlight/backup; date +%s >/var/lib/firstlight/backup/last"
        )
    yield Watched(rack, receiver, settings, deployed(deploy="stack", settings=settings))
    if not KEEP:
        firstlight("lab", "down", "--purge", "--name", NAME)
