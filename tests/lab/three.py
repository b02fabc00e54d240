"""One edge alone before two hosts with engines: the shape of a rack, of the session's hosts.

The hosts with engines are those that other tests deploy to as well; only the edge is new.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.lab import lab_keys
from tests.lab.client import Client
from tests.lab.rack import BIN, LAB, Run, TestRack, command, firstlight
from tests.lab.told import Told

EDGE, ENGINES = "lab3", ("lab1", "lab2")
KEYS = {f"canary{number}": lab_keys.MANY for number in range(60)}
PERCENT = 30
SECONDS = 900
"""For a deploy to hosts that are new, on a busy machine too."""
# Only the edge is told: the version on the second host is tried out.
CANARY = f'dict(everything)["{ENGINES[1]}"]["models"][0]["canary"] = {PERCENT}'
# Only the edge is told: of the two more on the first host there is nothing.
ABSENT = f'dict(everything)["{ENGINES[0]}"]["models"][0]["replicas"] = 3'
TOLD = f"""
from firstlight.lab.inventory import lab_inventory
everything = lab_inventory(name="{LAB}", engine="llamacpp", edges="{EDGE}")
%s
gpu = [host for host in everything if host[1]["models"]]
edge = [host for host in everything if "edge" not in host[1]]
"""


def tagged(name: str) -> str:
    """``name`` as no other try has it: the engines outlive a test, and know what they were asked."""
    return f"{name}{time.monotonic_ns()}"


def asked(engines: list[Told], name: str) -> list[list[str]]:
    """What became of ``name`` at each engine."""
    return [engine.seen().get(name, []) for engine in engines]


@contextmanager
def rack_of_three(rack: TestRack) -> Iterator[TestRack]:
    """While this lasts, lab3 is the edge of lab1 and lab2; afterwards lab1 is as it was."""
    firstlight("lab", "up", "--name", LAB, "--hosts", "3", "--engine", "llamacpp", timeout=600)
    three = TestRack.load()
    lab_keys.issue(three.state, KEYS)
    try:
        run = deploy()
        assert run.code == 0, run.text
        yield three
    finally:
        back = rack.deploy("lab1", timeout=SECONDS)
        assert back.code == 0, back.text


def deploy() -> Run:
    """Deploy to all three hosts."""
    words = (str(BIN / "pyinfra"), "-y", "inventories/lab.py", "deploys/stack.py")
    return command(*words, timeout=SECONDS, ENGINE="llamacpp", EDGE=EDGE)


def tell_edge(change: str) -> None:
    """Deploy to the edge alone, with this change of the inventory."""
    with TemporaryDirectory() as folder:
        inventory = Path(folder, "told.py")
        inventory.write_text(TOLD % change)
        words = (str(BIN / "pyinfra"), "-y", "--limit", EDGE, str(inventory), "deploys/edge.py")
        run = command(*words, timeout=120)
    assert run.code == 0, run.text


def at_edge(rack: TestRack, key: str = "crowd") -> Client:
    """A client of the edge's public URL."""
    return replace(rack.client(EDGE), key=lab_keys.key_text(rack.state, key))
