"""The systemd unit of a served model: ``docker run`` in the foreground, as pure values."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firstlight.engines import engine_of
from firstlight.engines.engine import MODELS, Container
from firstlight.weights import store

if TYPE_CHECKING:
    from firstlight.settings import Model

LABEL = "firstlight.spec"
"""Container label with the hash of what the unit runs: says what runs, not what was written."""

PIDS_LIMIT = 4096
# What vLLM needs to end itself after the drain (3 to 9 s were seen). Until then a stream that was
# longer than the drain hangs at its client, so it is not generous.
STOP_MARGIN_SECONDS = 10


@dataclass(frozen=True)
class EngineUnit:
    """One served model's unit: its names, its ``docker run`` words, and their hash."""

    model: Model

    @property
    def name(self) -> str:
        return f"firstlight-engine-{self.model.name}.service"

    @property
    def container(self) -> str:
        return f"firstlight-{self.model.name}"

    @property
    def config_file(self) -> str:
        """Where the engine's configuration file stands on the host."""
        return f"/etc/firstlight/engines/{self.model.name}.yaml"

    @property
    def config(self) -> str | None:
        """Text of the engine's configuration file, if it has one."""
        return self._described.config

    @property
    def health_url(self) -> str:
        return f"http://127.0.0.1:{self.model.port}{engine_of(self.model).health}"

    @property
    def weights(self) -> str:
        """Folder of the weights on the host."""
        return store.folder(self.model)

    @property
    def done_marker(self) -> str:
        return f"{self.weights}/{store.MARKER}"

    @property
    def stop_seconds(self) -> int:
        """How long ``docker stop`` waits: the drain and what the engine needs to end itself."""
        return self.model.drain_timeout + STOP_MARGIN_SECONDS

    @property
    def _described(self) -> Container:
        inside = f"{MODELS}/{self.model.name}"
        return engine_of(self.model).container(self.model, inside)

    def spec(self) -> str:
        """Return the hash over everything that makes this container what it is."""
        parts = [self._arguments(), self.config]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]

    def run(self) -> list[str]:
        """Return the words of the ``docker run`` command."""
        return ["/usr/bin/docker", "run", "--label", f"{LABEL}={self.spec()}", *self._arguments()]

    def _arguments(self) -> list[str]:
        model, inner = self.model, self._described
        words = [
            "--rm", "--name", self.container, "--pull", "never", "--init",
            "--user", inner.user,
            "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
            "--read-only", "--pids-limit", str(PIDS_LIMIT),
            "--shm-size", str(int(model.shm)),
            "--stop-timeout", str(self.stop_seconds),
            "--publish", f"127.0.0.1:{model.port}:{inner.port}",
            "--volume", f"{self.weights}:{MODELS}/{model.name}:ro",
        ]  # fmt: skip
        if model.memory:
            # Swap equal to memory means none: a swapping engine is worse than a restarted one.
            limit = str(int(model.memory))
            words += ["--memory", limit, "--memory-swap", limit]
        for gpu in gpus(model):
            words += ["--device", f"nvidia.com/gpu={gpu}"]
        for mount in inner.tmpfs:
            words += ["--tmpfs", mount]
        for volume in inner.volumes:
            words += ["--volume", volume]
        for key, value in sorted(inner.environment.items()):
            words += ["--env", f"{key}={value}"]
        if inner.config is not None:
            words += ["--volume", f"{self.config_file}:{inner.config_path}:ro"]
        return [*words, model.image, *inner.command]


def gpus(model: Model) -> list[str]:
    """Return the CDI device names of the GPUs of ``model``."""
    if model.gpus == 0:
        return []
    return ["all"] if model.gpus == "all" else [str(index) for index in model.gpus]
