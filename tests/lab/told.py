"""Engines of lab hosts put out of the way of told_engine.py, and what it has seen."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.rack import TestRack
from tests.lab.standing import ADDRESS, ENGINE, GIVE, PORT, TAKE

PROGRAM = Path(__file__).with_name("told_engine.py").read_text()
UNIT = "firstlight-engine-tiny"
SECONDS = 240
"""After so many it ends by itself, whatever became of the test."""
# What is stopped is out of the edge, too: the told one is let in by hand.
BEGIN = f"""
systemctl stop {UNIT}; {TAKE}
cat >/run/told_engine.py <<'END'
{PROGRAM}
END
systemd-run -q --collect --unit=told-engine -p RuntimeMaxSec={SECONDS} -p LimitNOFILE=65536 \
  python3 /run/told_engine.py {ADDRESS} {PORT}
for i in $(seq 100); do curl -fs http://{ENGINE}/seen >/dev/null && break; sleep 0.1; done
rm -f /run/firstlight-engines/tiny
"""
# Starts by hand count against the unit's limit like its own.
END = f"""
systemctl stop told-engine; {GIVE}; systemctl reset-failed {UNIT}; systemctl start {UNIT}
"""


@dataclass(frozen=True)
class Told:
    """The told engine of one host."""

    rack: TestRack
    host: str

    def counted(self) -> dict[str, Any]:
        """Everything it has seen: ``seen`` (what became of each name), ``open`` and ``most``."""
        found: dict[str, Any] = json.loads(
            self.rack.sh(self.host, f"curl -fsS http://{ENGINE}/seen").out
        )
        return found

    def seen(self) -> dict[str, list[str]]:
        """What became of each name: came, done, hung up."""
        found: dict[str, list[str]] = self.counted()["seen"]
        return found

    def becomes(self, name: str, what: str, seconds: float = 5) -> bool:
        """Whether ``what`` became of ``name`` within so many seconds."""
        deadline = time.monotonic() + seconds
        while what not in self.seen().get(name, []):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True


@contextmanager
def told(rack: TestRack, *hosts: str) -> Iterator[list[Told]]:
    """While this lasts, told_engine.py answers on ``hosts`` in place of their engines."""
    try:
        for host in hosts:
            rack.sh(host, BEGIN)
        yield [Told(rack, host) for host in hosts]
    finally:
        for host in hosts:
            rack.sh(host, END, check=False)


def prompt(words: str, stream: bool = False) -> dict[str, Any]:
    """Return the request that tells an engine ``words``."""
    return {"model": "tiny", "messages": [{"role": "user", "content": words}], "stream": stream}
