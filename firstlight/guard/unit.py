"""The guard's systemd unit: ``docker run`` in the foreground, as pure values."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from firstlight.guard import bundle
from firstlight.guard.config import SOCKET, UPSTREAM, Config, Input

if TYPE_CHECKING:
    from firstlight.settings import HostSettings
    from firstlight.settings.guard import Guard

UNIT = "firstlight-guard.service"
CONTAINER = "firstlight-guard"
LABEL = "firstlight.guard"
"""Container label with the hash of what runs."""
FOLDER = "/etc/firstlight/guard"
SOCKET_FOLDER = str(PurePosixPath(SOCKET).parent)
UPSTREAM_FOLDER = str(PurePosixPath(UPSTREAM).parent)
USER = 60801
"""Of the container, and of nobody on a host: between the ranges that distributions and systemd
give away. The folders of both sockets are open to its group, and to no other's."""
PIDS_LIMIT = 256
# For the workers to end after the drain.
STOP_MARGIN_SECONDS = 10
# In Presidio's image it lies in a folder of its own, where its server starts.
PYTHONPATH = "/app"


@dataclass(frozen=True)
class GuardUnit:
    """The guard of a host: its files and its ``docker run`` words."""

    guard: Guard
    read_timeout: int

    @classmethod
    def of(cls, settings: HostSettings) -> GuardUnit | None:
        """Return the guard of a host's edge; None if it has none."""
        edge = settings.edge
        if not edge.enabled or edge.guard is None:
            return None
        return cls(edge.guard, edge.read_timeout)

    @cached_property
    def config(self) -> str:
        """The text of the configuration."""
        guard = self.guard
        return Config(
            input=Input(**{key: getattr(guard.input, key) for key in Input.__dataclass_fields__}),
            output=guard.output.pii,
            threshold=guard.threshold,
            language=guard.language,
            nlp=guard.nlp,
            workers=guard.workers,
            read_timeout=self.read_timeout,
            drain_timeout=guard.drain_timeout,
        ).text()

    @property
    def config_file(self) -> str:
        """Its path on the host; it changes with its content, so that the unit alone decides."""
        return f"{FOLDER}/config-{short(self.config.encode())}.json"

    @property
    def program_file(self) -> str:
        """The program's path on the host, which changes with its content too."""
        return f"{FOLDER}/guard-{short(bundle.build())}.pyz"

    @property
    def stop_seconds(self) -> int:
        """The drain and what the workers need to end."""
        return self.guard.drain_timeout + STOP_MARGIN_SECONDS

    @property
    def files(self) -> dict[str, str | bytes]:
        """Contents by path of what the unit reads."""
        return {self.config_file: self.config, self.program_file: bundle.build()}

    def spec(self) -> str:
        """Return the hash over everything that makes the container what it is."""
        return short(json.dumps(self._arguments()).encode())

    def run(self) -> list[str]:
        """Return the words of the ``docker run`` command."""
        return ["/usr/bin/docker", "run", "--label", f"{LABEL}={self.spec()}", *self._arguments()]

    def _arguments(self) -> list[str]:
        memory = str(int(self.guard.memory))
        return [
            "--rm", "--name", CONTAINER, "--pull", "never", "--init",
            "--network", "none", "--user", f"{USER}:{USER}",
            "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
            "--read-only", "--tmpfs", "/tmp:rw,noexec,nosuid,nodev,size=64m",
            "--pids-limit", str(PIDS_LIMIT), "--memory", memory, "--memory-swap", memory,
            "--no-healthcheck", "--stop-timeout", str(self.stop_seconds),
            "--env", "HOME=/tmp", "--env", f"PYTHONPATH={PYTHONPATH}",
            "--env", "PYTHONDONTWRITEBYTECODE=1",
            "--volume", f"{SOCKET_FOLDER}:{SOCKET_FOLDER}",
            "--volume", f"{UPSTREAM_FOLDER}:{UPSTREAM_FOLDER}:ro",
            "--volume", f"{self.config_file}:/guard.json:ro",
            "--volume", f"{self.program_file}:/guard.pyz:ro",
            "--entrypoint", "python3", self.guard.image, "/guard.pyz", "/guard.json",
        ]  # fmt: skip


def short(data: bytes) -> str:
    """Return the first hex digits of the SHA-256 sum of ``data``."""
    return hashlib.sha256(data).hexdigest()[:12]
