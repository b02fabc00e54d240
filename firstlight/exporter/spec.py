"""What the program on the host goes by, as JSON: what the host shall be, and where things stand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from firstlight import last_run, receipt
from firstlight.edge.certificates import FOLDER as TLS
from firstlight.edge.release import CURRENT
from firstlight.engines import engine_of
from firstlight.engines.unit import EngineUnit, out_of

if TYPE_CHECKING:
    from firstlight.engines.instance import Instance
    from firstlight.settings import HostSettings

METRICS = "/var/lib/firstlight/metrics"
"""Folder that node exporter reads *.prom of; other programs of ours may write there, too."""
STATE = "/var/lib/firstlight/facts"
BACKUP = "/var/lib/firstlight/backup/last"
UNITS = (
    # What systemd has loaded of ours; what is not loaded has nothing to tell.
    "firstlight-*.service", "firstlight-*.timer",
    "nginx.service", "docker.service", "containerd.service", "nvidia-persistenced.service",
    "nvidia-fabricmanager.service", "prometheus.service", "prometheus-alertmanager.service",
    "prometheus-blackbox-exporter.service", "prometheus-node-exporter.service",
)  # fmt: skip


def spec(
    settings: HostSettings, instances: Sequence[Instance], *, backup_expected: bool = False
) -> str:
    """Return the text of the program's SPEC; no secret is in it."""
    made: dict[str, Any] = {
        "metrics": METRICS,
        "state": STATE,
        "gpus": {"managed": settings.nvidia.enabled, "expected": settings.nvidia.count or 0},
        "units": list(UNITS),
        "firewall": settings.firewall.enabled,
        "backup": {"file": BACKUP, "expected": backup_expected},
        "nginx": CURRENT,
        "certificates": {"issuer": f"{TLS}/issuer.crt"},
        "models": [model(each) for each in instances],
        "run": {
            "mark": last_run.PATH,
            "receipt": receipt.PATH,
            "longest_seconds": last_run.LONGEST_SECONDS,
        },
    }
    return json.dumps(made, indent=1, sort_keys=True) + "\n"


def model(instance: Instance) -> dict[str, Any]:
    """Return what is told of one copy of a model."""
    served = instance.model
    told: dict[str, Any] = {
        "model": served.public,
        "replica": instance.name,
        "info": {"engine": served.engine, "image": served.image, "weights": served.weights},
        "concurrency": served.concurrency,
        "context": served.context,
        "markers": EngineUnit(instance).done_markers,
        "out": out_of(instance),
    }
    if served.engine == "ollama" and instance.leads:
        inner = engine_of(served).container(instance)
        told["probe"] = {"address": instance.address, "port": inner.port}
    return told
