"""How long an engine takes to start and to stop by itself, with nothing of ours around it."""

from __future__ import annotations

from typing import Any

from firstlight.engines import endpoint_of
from firstlight.engines.unit import EngineUnit
from firstlight.settings import load_host
from tests.lab.rack import ROOT, TestRack
from tests.units import instances_of

HOST = "lab1"
# The engine's own stop and start, as docker does them without anything of ours.
OWN = """
systemctl stop firstlight-engine-tiny
( {run} >/dev/null 2>&1 & )
began=$(date +%s%N)
until curl -fso /dev/null http://{endpoint}/health; do sleep 0.05; done
up=$(date +%s%N)
docker stop firstlight-tiny >/dev/null
down=$(date +%s%N)
systemctl reset-failed firstlight-engine-tiny; systemctl start firstlight-engine-tiny
echo $(( (down - began) / 1000000 ))
"""


def own_seconds(rack: TestRack, settings: dict[str, Any]) -> float:
    """Return how long the engine's stop and start take by themselves on the host."""
    loaded = load_host(HOST, {"edge": {"enabled": False}, **settings}, (), ROOT)
    (instance,) = instances_of(*loaded.models)
    unit = EngineUnit(instance)
    run = " ".join(f"'{word}'" for word in unit.run())
    said = rack.sh(HOST, OWN.format(run=run, endpoint=endpoint_of(instance)), timeout=120).out
    return int(said.split()[-1]) / 1000
