"""Engines of lab hosts put out of the way of told_engine.py, and what it has seen."""

from __future__ import annotations

import json
import subprocess
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
SECONDS = 1800
"""After so many it ends by itself, whatever became of the tests: a module's all ask the same."""
PATIENCE = 300
"""Seconds for an engine to stop and for another to take its place, on a busy machine too."""
# What is stopped is out of the edge, too: the told one is let in by hand.
BEGIN = f"""
systemctl stop {UNIT}; systemctl stop told-engine 2>/dev/null; {TAKE}
cat >/run/told_engine.py <<'END'
{PROGRAM}
END
systemd-run -q --collect --unit=told-engine -p RuntimeMaxSec={SECONDS} -p LimitNOFILE=65536 \
  python3 /run/told_engine.py {ADDRESS} {PORT}
for i in $(seq 300); do curl -fs http://{ENGINE}/seen >/dev/null && break; sleep 0.1; done
curl -fsS http://{ENGINE}/seen >/dev/null || exit 1
rm -f /run/firstlight-engines/tiny-8000
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

    def recount(self) -> None:
        """From here on ``most`` is counted anew."""
        self.rack.sh(self.host, f"curl -fsS http://{ENGINE}/recount")

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
            rack.sh(host, BEGIN, timeout=PATIENCE)
        yield [Told(rack, host) for host in hosts]
    finally:
        failed = [each for host in hosts if (each := not_put_back(rack, host))]
        assert not failed, "\n".join(failed)


def not_put_back(rack: TestRack, host: str) -> str:
    """Put the engine of ``host`` back; why not, where that failed: another host is still to do."""
    try:
        run = rack.sh(host, END, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired as error:
        return f"{host}: {error}"
    return f"{host}: {run.text}" if run.code else ""


def prompt(words: str, stream: bool = False) -> dict[str, Any]:
    """Return the request that tells an engine ``words``."""
    return {"model": "tiny", "messages": [{"role": "user", "content": words}], "stream": stream}
