"""How Prometheus and the blackbox exporter are started: by drop-ins for their packages' units.

The packages read their arguments from /etc/default, which belongs to dpkg: an upgrade would ask
about a changed one, or lay its own beside it. A drop-in is nobody's but ours, outlives upgrades,
and is the only place where sandbox and bounds can be said as well.
"""

from __future__ import annotations

import hashlib

from firstlight.monitor import blackbox, scrape
from firstlight.monitor.release import CURRENT
from firstlight.rendering import render
from firstlight.settings.prometheus import Prometheus

UNIT, PROBER = "prometheus.service", "prometheus-blackbox-exporter.service"
UNITS = (UNIT, PROBER)
ACCOUNT = "prometheus"
"""The account of both packages; the release's files are for its group."""
FOLDER = "etc/systemd/system"
DROP_INS = {unit: f"/{FOLDER}/{unit}.d/firstlight.conf" for unit in UNITS}
MARK = "FIRSTLIGHT_DROP_IN"
"""Variable by which a running process says which drop-in it was started with."""
DATA = {"server": "metrics2", "agent": "agent"}
"""Folder below /var/lib/prometheus; the server's is the package's own."""
_AGENT_FLAG_SINCE = 3
_QUERY_SAMPLES = 20_000_000
"""What one query may hold in memory, about 16 bytes each: one person's mistake ends with it."""


def arguments(settings: Prometheus, version: str) -> list[str]:
    """Return the arguments of Prometheus ``version``."""
    store = f"/var/lib/prometheus/{DATA[settings.mode]}"
    common = [
        f"--config.file={CURRENT}/prometheus.yml",
        f"--web.listen-address=127.0.0.1:{scrape.PORT}",
    ]
    if settings.mode == "agent":
        is_flag = int(version.partition(".")[0]) >= _AGENT_FLAG_SINCE
        agent = "--agent" if is_flag else "--enable-feature=agent"
        return [*common, agent, f"--storage.agent.path={store}"]
    return [
        *common,
        f"--storage.tsdb.path={store}",
        f"--storage.tsdb.retention.time={settings.retention_days}d",
        f"--storage.tsdb.retention.size={int(settings.retention_size)}B",
        "--query.timeout=60s",
        f"--query.max-samples={_QUERY_SAMPLES}",
    ]


def prober_arguments() -> list[str]:
    """Return the arguments of the blackbox exporter."""
    return [
        f"--config.file={CURRENT}/blackbox.yml",
        f"--web.config.file={CURRENT}/web.yml",
        f"--web.listen-address=127.0.0.1:{blackbox.PORT}",
    ]


def drop_ins(settings: Prometheus, version: str) -> dict[str, str]:
    """Return the text of the drop-in of each unit, by the unit's name."""
    memory = int(settings.memory)
    values: dict[str, dict[str, object]] = {
        UNIT: {
            "words": arguments(settings, version),
            "data": DATA[settings.mode],
            "memory": memory,
            # Go's collector works harder before the kernel would end it.
            "memory_soft": memory * 9 // 10,
        },
        PROBER: {"words": prober_arguments()},
    }
    found = {}
    for unit, given in values.items():
        path = f"{FOLDER}/{unit}.d/firstlight.conf"
        text = render(path, current=CURRENT, variable=MARK, mark="", **given)
        found[unit] = render(path, current=CURRENT, variable=MARK, mark=mark(text), **given)
    return found


def mark(text: str) -> str:
    """Return the mark of a drop-in whose own mark is left out."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
