"""vLLM over several hosts that serve one copy together.

By default its own processes join over ``torch.distributed`` (mp). Ray is used where asked for:
the first host then runs Ray's head beside the engine, the others only Ray. Neither encrypts nor
asks who joins: the hosts' network has to be a private one.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from firstlight.engines.instance import MASTER_PORT

if TYPE_CHECKING:
    from firstlight.engines.instance import Instance, Node

RAY_PORT = 6379
SHELL = "/bin/bash"
NO_RAY = (
    "this image has no Ray (vLLM 0.33 does not depend on it): build one that has, or take "
    'executor = "mp"'
)


def arguments(instance: Instance) -> dict[str, Any]:
    """Return the arguments that join ``instance`` to its other nodes."""
    node = instance.node
    if node is None:
        return {}
    if instance.model.executor == "ray":
        return {"distributed-executor-backend": "ray"}
    found = {
        "distributed-executor-backend": "mp",
        "nnodes": node.count,
        "node-rank": node.rank,
        "master-addr": node.head,
        "master-port": MASTER_PORT,
    }
    return found if node.rank == 0 else found | {"headless": True}


def environment(instance: Instance) -> dict[str, str]:
    """Return the variables by which the nodes find each other, and one that is alone itself."""
    if instance.node is None:
        # It would look for the way to the world, which its network does not have.
        return {"VLLM_HOST_IP": instance.address}
    found = {"VLLM_HOST_IP": instance.node.address}
    if instance.model.executor == "ray":
        found["RAY_USAGE_STATS_ENABLED"] = "0"
    return found


def started(instance: Instance, words: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return entrypoint and command that run ``vllm serve`` with ``words``.

    The entrypoint is empty for the image's own. With Ray it is a shell: Ray has to run first.
    """
    if instance.node is None or instance.model.executor != "ray":
        return "", words
    head = instance.node.rank == 0
    steps = [
        f"command -v ray >/dev/null || {{ echo {shlex.quote(NO_RAY)} >&2; exit 1; }}",
        _ray(instance.node, instance.cards),
    ]
    if head:
        steps.append("exec vllm serve " + shlex.join(words))
    return SHELL, ("-c", " && ".join(steps))


def _ray(node: Node, cards: int) -> str:
    where = (
        ["--head", f"--port={RAY_PORT}", "--include-dashboard=false"]
        if node.rank == 0
        else [f"--address={node.head}:{RAY_PORT}", "--block"]
    )
    # Ray starts a process for each CPU beforehand, unless it is told that there are few.
    words = ["ray", "start", *where, f"--node-ip-address={node.address}"]
    words.append(f"--num-cpus={max(8, 4 * cards)}")
    return ("" if node.rank == 0 else "exec ") + shlex.join(words)
