"""One running copy of a model on one host: which GPUs, which port, which part of the whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from firstlight.engines.engine import MODELS
from firstlight.engines.network import EngineNetwork
from firstlight.weights.wants import draft_name, lora_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firstlight.settings import Model
    from firstlight.settings.model_part import Lora

LOOPBACK = "127.0.0.1"
MASTER_PORT = 29501
"""TCP port of the first node at which the other nodes of one copy join it."""


@dataclass(frozen=True)
class Node:
    """One of several hosts that serve one copy: ``rank`` from 0, of ``count``.

    ``head`` is the address of the node with rank 0, ``address`` this node's own.
    """

    rank: int
    count: int
    head: str
    address: str


@dataclass(frozen=True)
class Instance:
    """One copy of ``model``, number ``number`` from 0 of its replicas.

    ``gpus`` are CDI device names, what follows ``nvidia.com/gpu=``: numbers, ``all``, or UUIDs
    where the driver has named them. ``cards`` is how many GPUs these are on this host, 0 if that
    is not known. ``tensor``, ``pipeline`` and ``data`` are the parallel sizes over all nodes.
    """

    model: Model
    number: int = 0
    port: int = 0
    gpus: tuple[str, ...] = ()
    cards: int = 0
    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    node: Node | None = None

    @property
    def name(self) -> str:
        """Part of the names of its unit and container: the model's, and ``.2`` for the second."""
        return self.model.name if self.number == 0 else f"{self.model.name}.{self.number + 1}"

    @property
    def network(self) -> EngineNetwork | None:
        """Its own network; None where it joins other hosts, from the network of its own host."""
        return EngineNetwork(self.port) if self.node is None else None

    @property
    def address(self) -> str:
        """Where its own host reaches it, and nobody else does."""
        return self.network.container if self.network else LOOPBACK

    @property
    def weights(self) -> str:
        """Folder of the weights inside the container."""
        return f"{MODELS}/{self.model.name}"

    @property
    def file(self) -> str:
        """The GGUF file inside the container, for engines that serve one file."""
        return f"{self.weights}/{self.model.file}"

    @property
    def draft(self) -> str:
        """Folder of the draft model inside the container."""
        return f"{MODELS}/{draft_name(self.model.name)}"

    @property
    def leads(self) -> bool:
        """Whether clients are answered here: by the first node of several."""
        return self.node is None or self.node.rank == 0

    def adapter(self, lora: Lora) -> str:
        """Folder of an adapter inside the container."""
        return f"{MODELS}/{lora_name(self.model.name, lora.name)}"

    def named(self, uuids: Mapping[str, str]) -> Instance:
        """Return the same with GPUs by UUID, where ``uuids`` (by number) are all known."""
        numbers = self.gpus
        if numbers == ("all",) and len(uuids) == self.cards:
            numbers = tuple(sorted(uuids, key=int))
        if not numbers or any(gpu not in uuids for gpu in numbers):
            return self
        return replace(self, gpus=tuple(uuids[gpu] for gpu in numbers))
