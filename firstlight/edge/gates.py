"""What stands between an edge and the copies of a model: upstreams, and a gate before each copy.

A gate answers 503 for a copy that is out of service, so that the next one is asked. On the edge's
own host it is a unix socket; a host that has no edge answers other hosts' edges by TLS.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from firstlight.edge.pools import Peer, Pool, Public
from firstlight.engines import endpoint_of, paths_of
from firstlight.engines.instance import Instance
from firstlight.engines.unit import out_of
from firstlight.settings import Guard
from firstlight.settings.check_edges import GATE_OFFSET
from firstlight.settings.value import is_ip

FOLDER = "/run/firstlight-gates"
"""Folder that only nginx can enter: who gets to a gate gets to an engine, without a key."""
SOCKETS = f"{FOLDER}/*.sock"
"""The sockets behind which an edge tells copies apart."""
FAILED_SECONDS = 1
"""How long a copy that failed or is out of service gets no request. Not longer: the one that asks
again finds out by a request that another copy then answers."""


def socket(peer: Peer) -> str:
    """Return the socket of the gate before ``peer``."""
    return SOCKETS.replace("*", peer.name)


def pools(publics: Iterable[Public]) -> list[Pool]:
    """Return every pool of the edge."""
    return [pool for each in publics for pool in each.pools]


def upstreams(publics: Iterable[Public], guard: Guard | None = None) -> list[dict[str, Any]]:
    """Return nginx's upstreams, one for each pool, and the way of requests to it.

    ``guarded`` is empty, or says what happens where the guard is not there: open or closed.
    """
    return [
        {
            "name": pool.name,
            "gated": not pool.alone,
            "servers": list(servers(pool)),
            "out": out_of(pool.peers[0].instance) if pool.alone else "",
            "guarded": guard.fail if guard and guard.covers(each.name) else "",
        }
        for each in publics
        for pool in each.pools
    ]


def servers(pool: Pool) -> Iterator[str]:
    """Yield the servers of a pool as nginx writes them."""
    if pool.alone:
        yield f"{endpoint_of(pool.peers[0].instance)} max_fails=0"
        return
    for peer in (*pool.peers, *pool.spare):
        weight = peer.instance.model.weight
        words = [f"unix:{socket(peer)}", f"max_fails=1 fail_timeout={FAILED_SECONDS}s"]
        words += [f"weight={weight}"] if weight > 1 else []
        words += ["backup"] if peer in pool.spare else []
        yield " ".join(words)


def doors(publics: Iterable[Public]) -> list[dict[str, Any]]:
    """Return the gates on the edge's own host, one before each copy that is not alone."""
    gated = [pool for pool in pools(publics) if not pool.alone]
    # The spare copies of one pool are the peers of another.
    peers = {peer.name: peer for pool in gated for peer in (*pool.peers, *pool.spare)}.values()
    return [
        {
            "socket": socket(peer),
            "upstream": f"gate_{place}",
            "address": authority(peer) if peer.address else "",
            "out": out_of(peer.instance),
            "replica": peer.instance.name,
            "endpoint": "" if peer.address else endpoint_of(peer.instance),
        }
        for place, peer in enumerate(peers)
    ]


def authority(peer: Peer) -> str:
    """Return address and port of another host's gate."""
    ipv6 = is_ip(peer.address) and ":" in peer.address
    return f"{f'[{peer.address}]' if ipv6 else peer.address}:{peer.gate}"


def gates(instances: Sequence[Instance]) -> list[dict[str, Any]]:
    """Return the gates of this host for other hosts' edges, one before each instance."""
    return [
        {
            "port": instance.port + GATE_OFFSET,
            "replica": instance.name,
            "endpoint": endpoint_of(instance),
            "out": out_of(instance),
            "paths": paths_of(instance.model),
        }
        for instance in instances
        if instance.leads
    ]
