"""Which copies answer for which model: everything an edge needs to know to send a request on.

A model is public under one name and may be served by several entries of the inventory, on several
hosts and in two versions. Each version is a pool, whose peers are the copies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firstlight.engines import engine_of, paths_of
from firstlight.engines.instance import Instance
from firstlight.engines.names import adapter_names
from firstlight.engines.placement import placed
from firstlight.settings.check_edges import GATE_OFFSET
from firstlight.settings.fronts import fronted

if TYPE_CHECKING:
    from firstlight.settings import HostSettings


@dataclass(frozen=True)
class Peer:
    """One copy of a model as an edge reaches it.

    ``host`` is the name of its host in the inventory; ``address`` is where that is reached, empty
    for the edge's own host.
    """

    instance: Instance
    host: str
    address: str = ""

    @property
    def name(self) -> str:
        """Part of the names of its gate: the instance's, and the host's for another one."""
        return f"{self.instance.name}@{self.host}" if self.address else self.instance.name

    @property
    def gate(self) -> int:
        """TCP port at which another host's gate stands before it."""
        return self.instance.port + GATE_OFFSET


@dataclass(frozen=True)
class Pool:
    """The copies of one version; ``spare`` are those of the other one, asked where all failed."""

    name: str
    peers: tuple[Peer, ...]
    spare: tuple[Peer, ...] = ()

    @property
    def alone(self) -> bool:
        """Whether there is one engine only, on this host: then nothing stands between."""
        return len(self.peers) == 1 and not self.spare and not self.peers[0].address


@dataclass(frozen=True)
class Public:
    """A model as clients know it.

    ``canary`` are the copies of its next version, ``percent`` how many of a hundred keys are
    answered by them. ``paths`` are the API paths that all of its engines offer.
    """

    name: str
    stable: Pool
    canary: Pool | None
    percent: int
    paths: tuple[str, ...]
    adapters: tuple[str, ...]
    first_token: str

    @property
    def pools(self) -> tuple[Pool, ...]:
        return (self.stable, self.canary) if self.canary else (self.stable,)


def publics(
    settings: HostSettings, own: tuple[Instance, ...], site: Mapping[str, HostSettings]
) -> tuple[Public, ...]:
    """Return the models behind the edge of ``settings``; ``own`` are the instances on its host."""
    by_name: dict[str, list[Peer]] = {}
    for host in fronted(settings, site):
        here = host.name == settings.name
        for instance in own if here else placed(host, site, None):
            if instance.leads:
                peer = Peer(instance, host.name, "" if here else host.reached_at)
                by_name.setdefault(instance.model.public, []).append(peer)
    return tuple(public(f"p{n}", name, peers) for n, (name, peers) in enumerate(by_name.items()))


def public(pool: str, name: str, peers: list[Peer]) -> Public:
    """Return the model called ``name``, whose pools are named after ``pool``."""
    canary = tuple(peer for peer in peers if peer.instance.model.canary)
    stable = tuple(peer for peer in peers if not peer.instance.model.canary)
    models = [peer.instance.model for peer in peers]
    offers = [paths_of(model) for model in models]
    engine = engine_of(models[0])
    return Public(
        name=name,
        stable=Pool(pool, stable or canary),
        canary=Pool(f"{pool}c", canary, stable) if canary and stable else None,
        percent=max(model.canary for model in models),
        paths=tuple(path for path in offers[0] if all(path in other for other in offers)),
        adapters=adapter_names((stable or canary)[0].instance.model),
        first_token=engine.first_token,
    )
