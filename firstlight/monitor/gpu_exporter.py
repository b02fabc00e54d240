"""The systemd unit of the DCGM exporter: ``docker run`` in the foreground, as pure values."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from firstlight.catalogue.counters import GpuClass
from firstlight.engines.network import EngineNetwork
from firstlight.monitor.dcgm import counters_csv

if TYPE_CHECKING:
    from firstlight.settings import HostSettings
    from firstlight.settings.gpu_exporter import GpuExporter

UNIT = "firstlight-gpu-exporter.service"
CONTAINER = "firstlight-gpu-exporter"
LABEL = "firstlight.gpu-exporter"
"""Container label with the hash of what runs."""
FOLDER = "/etc/firstlight/gpu-exporter"
PORT = 9400
NETWORK = EngineNetwork(PORT)
"""Of its own, and without a way out, as each engine's: nginx on the host alone reaches it."""
USER = 60804
"""Of the container, and of nobody on a host: between the ranges that distributions and systemd
give away."""
PIDS_LIMIT = 512
# A host full of GPUs with all counters needs a few hundred MB; serving must not pay for more.
MEMORY = 2**30
STOP_SECONDS = 10
XID_WINDOW_SECONDS = 300
INSIDE = "/etc/firstlight-counters.csv"


@dataclass(frozen=True)
class GpuExporterUnit:
    """The exporter of a host with cards of ``gpu_class``: its files and its ``docker run`` words.

    ``interval`` are the seconds between two measurements.
    """

    settings: GpuExporter
    image: str
    gpu_class: GpuClass
    interval: int

    @classmethod
    def of(cls, settings: HostSettings, gpu_class: GpuClass | None) -> GpuExporterUnit | None:
        """Return the exporter of a host; None if it has none, or no GPUs (``gpu_class`` None)."""
        monitor = settings.monitor
        gpus = monitor.gpus
        if not (monitor.enabled and gpus.enabled and gpus.image and gpu_class):
            return None
        return cls(gpus, gpus.image, gpu_class, monitor.interval)

    @property
    def profiles(self) -> bool:
        """Whether it profiles, and so has to be root with CAP_SYS_ADMIN."""
        return self.settings.profiling and self.gpu_class == "datacenter"

    @cached_property
    def counters(self) -> str:
        """The text of the list of counters."""
        return counters_csv(self.gpu_class, profiling=self.profiles, without=self.settings.without)

    @property
    def counters_file(self) -> str:
        """Its path on the host; it changes with its content, so that the unit alone decides."""
        return f"{FOLDER}/counters-{short(self.counters)}.csv"

    @property
    def files(self) -> dict[str, str]:
        """Contents by path of what the unit reads."""
        return {self.counters_file: self.counters}

    def spec(self) -> str:
        """Return the hash over everything that makes the container what it is."""
        return short(json.dumps(self._arguments()))

    def run(self) -> list[str]:
        """Return the words of the ``docker run`` command."""
        return ["/usr/bin/docker", "run", "--label", f"{LABEL}={self.spec()}", *self._arguments()]

    def _arguments(self) -> list[str]:
        # Capabilities are given to root alone, and only for profiling is one needed.
        rights = ["--user", "0:0", "--cap-add", "SYS_ADMIN"] if self.profiles else []
        return [
            "--rm", "--name", CONTAINER, "--pull", "never", "--init",
            *NETWORK.joined_by(),
            "--cap-drop", "ALL", *(rights or ["--user", f"{USER}:{USER}"]),
            "--security-opt", "no-new-privileges",
            "--read-only", "--tmpfs", "/tmp:rw,noexec,nosuid,nodev,size=64m",
            "--tmpfs", "/run:rw,noexec,nosuid,nodev,size=16m",
            "--pids-limit", str(PIDS_LIMIT),
            "--memory", str(MEMORY), "--memory-swap", str(MEMORY),
            # Engines are what the host is for.
            "--cpu-shares", "128", "--oom-score-adj", "500",
            "--no-healthcheck", "--stop-timeout", str(STOP_SECONDS),
            "--device", "nvidia.com/gpu=all",
            "--env", "HOME=/tmp",
            # Its check of a library asks a cache that the image does not have everywhere.
            "--env", "DISABLE_STARTUP_VALIDATE=true",
            "--volume", f"{self.counters_file}:{INSIDE}:ro",
            self.image,
            "--collectors", INSIDE, "--address", f":{PORT}",
            "--collect-interval", str(self.interval * 1000),
            "--xid-count-window-size", str(XID_WINDOW_SECONDS * 1000),
            # The container's, another one after each start: every series would be a new one.
            "--no-hostname",
        ]  # fmt: skip


def short(text: str) -> str:
    """Return the first hex digits of the SHA-256 sum of ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
