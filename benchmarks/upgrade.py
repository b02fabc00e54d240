"""How long a model with one copy is out of service while its engine is replaced.

    ENGINE=vllm python -m benchmarks.upgrade       (after make bench, on its lab)

A client asks for one token again and again while the deploy changes the model's context; what it
misses is set beside the engine's own start and stop on the same host, in the same run.
"""

from __future__ import annotations

import os
import time
from typing import Any

from benchmarks.corridor import ENGINE, HOST, LAB, ROOT

os.environ["FIRSTLIGHT_TEST_LAB"] = LAB
ROUNDS = 3


def main() -> None:
    from firstlight.lab import manifest
    from tests.lab.own_time import own_seconds
    from tests.lab.rack import TestRack
    from tests.lab.watcher import Watcher

    found = manifest.load(ROOT, LAB)
    if found is None:
        raise SystemExit("there is no lab to measure on: run make bench first")
    rack = TestRack(found)
    print("| outage seen by a client | the engine's own start and stop | ours |")
    print("|---|---|---|")
    for number in range(ROUNDS):
        data: dict[str, Any] = {"models": [rack.model(ENGINE, context=4096 + 1024 * (number % 2))]}
        with Watcher(rack.client(HOST)) as watcher:
            run = rack.deploy(HOST, engine=ENGINE, data=data)
            time.sleep(0.5)
        if run.code:
            raise SystemExit(run.text)
        outage, own = watcher.outage(), own_seconds(rack, data)
        print(f"| {outage:.2f} s | {own:.2f} s | {outage - own:.2f} s |")


if __name__ == "__main__":
    main()
