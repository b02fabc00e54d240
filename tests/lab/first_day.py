"""lab1's first day, lived once per session: bare, dry run, first deploy, second deploy."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab import tree
from tests.lab.rack import LAB, Run, TestRack, command, firstlight

HOST = "lab1"
# An owner's own Docker settings, there before firstlight comes. The log option is one that the
# log driver firstlight sets does not know: together they would keep dockerd from starting.
OWNERS_DAEMON = {"labels": ["owner=somebody"], "log-opts": {"labels": "owner"}}


@dataclass(frozen=True)
class FirstDay:
    """What was seen: the runs, and the host before and after each."""

    bare: list[str]
    dry: Run
    after_dry: list[str]
    deploy: Run
    deployed: list[str]
    again: Run
    after_again: list[str]
    traffic: dict[str, dict[str, int]]

    @property
    def totals(self) -> dict[str, int]:
        """The second run's count of operations: success, no_change, error."""
        found: dict[str, int] = json.loads(self.again.out)["results"]["totals"]
        return found


def live(rack: TestRack) -> FirstDay:
    """Make the host bare if it is not, and deploy to it the way an operator does."""
    if deployed(rack):
        firstlight("lab", "reset", "--name", LAB, HOST)
    daemon = json.dumps(OWNERS_DAEMON)
    rack.sh(HOST, f"mkdir -p /etc/docker; echo '{daemon}' > /etc/docker/daemon.json")
    bare = rack.sh(HOST, tree.TREE).out.splitlines()
    dry = command(*rack.pyinfra_words(HOST, "--dry"))
    after_dry = rack.sh(HOST, tree.TREE).out.splitlines()
    deploy = rack.deploy(HOST)
    first = rack.state_of(HOST)
    again, traffic = counted(rack)
    return FirstDay(bare, dry, after_dry, deploy, first, again, rack.state_of(HOST), traffic)


def deployed(rack: TestRack) -> bool:
    """Tell whether the host has had its first day already (in a lab kept from before)."""
    return rack.sh(HOST, "test -f /var/lib/firstlight/receipt.json", check=False).code == 0


def counted(rack: TestRack) -> tuple[Run, dict[str, Any]]:
    """Deploy again with ``--json``, counting what goes over SSH."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "traffic.json")
        words = rack.pyinfra_words(HOST, "-y", "--json")[1:]
        run = command(sys.executable, "-m", "tests.lab.counted_run", str(target), *words)
        return run, json.loads(target.read_text())
