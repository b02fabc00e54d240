"""The systemd unit of one instance: ``docker run`` in the foreground, as pure values."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from firstlight.engines import engine_of
from firstlight.engines.engine import MODELS, Container, Engine
from firstlight.engines.instance import Instance
from firstlight.engines.watched import watched
from firstlight.secret import Secret, revealed
from firstlight.weights import store
from firstlight.weights.wants import wants

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firstlight.settings import Model

LABEL = "firstlight.spec"
"""Container label with the hash of what the unit runs: says what runs, not what was written."""

OUT = "/run/firstlight-engines"
"""Folder of marker files, one per instance that is not in service: nginx looks for them."""

FOLDER = "/etc/firstlight/engines"
PIDS_LIMIT = 4096
# What vLLM needs to end itself after the drain (3 to 9 s were seen). Until then a stream that was
# longer than the drain hangs at its client, so it is not generous.
STOP_MARGIN_SECONDS = 10


def out_of(instance: Instance) -> str:
    """Return the file whose presence says that ``instance`` is out of service.

    Its port is in the name: where it had another one until now, the edge that still asks there
    would ask whoever has that port from now on.
    """
    return f"{OUT}/{instance.name}-{instance.port}"


@dataclass(frozen=True)
class EngineUnit:
    """One instance's unit: its names, its ``docker run`` words, its files, and their hashes.

    The engine answers to those who know one of ``secrets``, where it can take one; the first is
    the one that firstlight itself uses.
    """

    instance: Instance
    secrets: tuple[Secret, ...] = ()

    @property
    def model(self) -> Model:
        return self.instance.model

    @property
    def name(self) -> str:
        return f"firstlight-engine-{self.instance.name}.service"

    @property
    def container(self) -> str:
        return f"firstlight-{self.instance.name}"

    @cached_property
    def engine(self) -> Engine:
        return engine_of(self.model)

    @cached_property
    def described(self) -> Container:
        made, keyed = self.engine.container(self.instance), self.engine.keyed
        return keyed(made, self.secrets) if keyed and self.keyed else made

    @property
    def keyed(self) -> bool:
        """Whether the engine asks for a secret; where nobody is answered there is none."""
        return self.engine.keyed is not None and bool(self.secrets) and self.instance.leads

    @property
    def config_file(self) -> str | None:
        """Where the engine's configuration file stands on the host, if it has one.

        Its name changes with its content, so that the unit alone decides which one is used. The
        name of one with a secret tells nothing: the secret has 256 random bits.
        """
        if (text := self.described.config) is None:
            return None
        return f"{FOLDER}/{self.instance.name}/config-{short(revealed(text))}"

    @property
    def watch_file(self) -> str:
        """Where the host's part of :mod:`firstlight.engines.watch` reads what to look at."""
        return f"{FOLDER}/{self.instance.name}/watch-{short(revealed(self.watch))}.json"

    @property
    def files(self) -> dict[str, str | Secret]:
        """Texts by path of what the unit reads."""
        found = {self.watch_file: self.watch}
        if self.config_file is not None and self.described.config is not None:
            found[self.config_file] = self.described.config
        return found

    @property
    def done_markers(self) -> list[str]:
        """What must stand on the host before it may start: all weights, checked."""
        return [f"{want.folder}/{store.MARKER}" for want in wants(self.model)]

    @property
    def drain_seconds(self) -> int:
        """How long open answers may go on at a stop."""
        return self.model.drain_timeout

    @property
    def stop_seconds(self) -> int:
        """The drain and what the engine needs to end itself."""
        return self.drain_seconds + STOP_MARGIN_SECONDS

    @cached_property
    def watch(self) -> str | Secret:
        """JSON of what the host has to see before the instance is in service, and to leave it."""
        text = watched(
            self.engine,
            self.instance,
            self.described,
            container=self.container,
            out=out_of(self.instance),
            drain_seconds=self.drain_seconds,
            end_seconds=STOP_MARGIN_SECONDS,
            secret=self.secrets[0] if self.keyed else None,
        )
        return Secret(text) if self.keyed else text

    def named(self, uuids: Mapping[str, str]) -> EngineUnit:
        """Return the same with its GPUs by UUID, where the host's driver has named them."""
        return replace(self, instance=self.instance.named(uuids))

    def spec(self) -> str:
        """Return the hash over everything that makes this container what it is."""
        return short(json.dumps(self._arguments()), 32)

    def run(self) -> list[str]:
        """Return the words of the ``docker run`` command."""
        return ["/usr/bin/docker", "run", "--label", f"{LABEL}={self.spec()}", *self._arguments()]

    def _arguments(self) -> list[str]:
        model, inner = self.model, self.described
        words = [
            "--rm", "--name", self.container, "--pull", "never", "--init",
            "--user", inner.user,
            "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
            "--read-only", "--pids-limit", str(PIDS_LIMIT),
            "--shm-size", str(int(model.shm)),
            "--stop-timeout", str(self.stop_seconds),
        ]  # fmt: skip
        network = self.instance.network
        words += network.joined_by() if network else ["--network", "host"]
        for want in wants(model):
            words += ["--volume", f"{want.folder}:{MODELS}/{want.name}:ro"]
        if model.memory:
            # Swap equal to memory means none: a swapping engine is worse than a restarted one.
            limit = str(int(model.memory))
            words += ["--memory", limit, "--memory-swap", limit]
        for gpu in self.instance.gpus:
            words += ["--device", f"nvidia.com/gpu={gpu}"]
        for mount in inner.tmpfs:
            words += ["--tmpfs", mount]
        for limit in inner.ulimits:
            words += ["--ulimit", limit]
        for volume in inner.volumes:
            words += ["--volume", volume]
        for key, value in sorted(inner.environment.items()):
            words += ["--env", f"{key}={value}"]
        if self.config_file is not None:
            words += ["--volume", f"{self.config_file}:{inner.config_path}:ro"]
        if inner.entrypoint:
            words += ["--entrypoint", inner.entrypoint]
        return [*words, model.image, *inner.command]


def short(text: str, digits: int = 12) -> str:
    """Return the first hex ``digits`` of the SHA-256 sum of ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()[:digits]
