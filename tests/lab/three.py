"""One edge alone before two hosts with engines: the shape of a rack, of the session's hosts.

The hosts with engines are those that other tests deploy to as well; only the edge is new.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.lab import lab_keys
from tests.lab.client import Client
from tests.lab.rack import BIN, LAB, Run, TestRack, command, firstlight

EDGE, ENGINES = "lab3", ("lab1", "lab2")
KEYS = {f"canary{number}": lab_keys.MANY for number in range(60)}
PERCENT = 30
SECONDS = 900
"""For a deploy to hosts that are new, on a busy machine too."""
# The version on the second host is tried out: the edge alone has to know.
CANARY = f"""
from firstlight.lab.inventory import lab_inventory
everything = lab_inventory(name="{LAB}", engine="llamacpp", edges="{EDGE}")
dict(everything)["{ENGINES[1]}"]["models"][0]["canary"] = {PERCENT}
gpu = [host for host in everything if host[1]["models"]]
edge = [host for host in everything if "edge" not in host[1]]
"""


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


def try_out(folder: Path) -> Run:
    """Tell the edge that the second host's version answers so many in a hundred keys."""
    inventory = folder / "canary.py"
    inventory.write_text(CANARY)
    words = (str(BIN / "pyinfra"), "-y", "--limit", EDGE, str(inventory), "deploys/edge.py")
    return command(*words, timeout=120)


def at_edge(rack: TestRack, key: str = "crowd") -> Client:
    """A client of the edge's public URL."""
    return replace(rack.client(EDGE), key=lab_keys.key_text(rack.state, key))
