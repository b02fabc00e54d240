"""What the host's part of an engine's start and stop has to know, as JSON for engine-watch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from firstlight.secret import Secret

if TYPE_CHECKING:
    from firstlight.engines.engine import Container, Engine
    from firstlight.engines.instance import Instance

PROMPT = "Say one word."
SETTLE_SECONDS = 2
"""How long a copy is back before the next one may leave: an edge asks one that was out again after
a second, by nginx's clock of whole ones. Sooner, and there would be none to ask."""


def watched(
    engine: Engine,
    instance: Instance,
    inner: Container,
    *,
    container: str,
    out: str,
    drain_seconds: int,
    end_seconds: int,
    secret: Secret | None,
) -> str:
    """Return what has to be seen before ``instance`` is in service, and to leave it.

    ``container`` is the name of its container, described by ``inner``; ``out`` the file that says
    it is out of service. With a ``secret`` the text holds it.
    """
    base = f"http://{instance.address}:{inner.port}"
    leads = instance.leads
    preload = engine.preload(instance) if leads else None
    spec: dict[str, Any] = {
        "base": base,
        "address": instance.address,
        "port": inner.port,
        "container": container,
        "out": out,
        "health": base + engine.health if leads else "",
        "preload": vars(preload) if preload else None,
        "checks": [vars(each) for each in engine.checks(instance)] if leads else [],
        "first_token": _first_token(engine, instance) if leads and engine.first_token else None,
        "busy": vars(engine.busy) if engine.busy else None,
        "drain_seconds": drain_seconds if leads else 0,
        "end_seconds": end_seconds,
        "settle_seconds": SETTLE_SECONDS if instance.model.replicas > 1 else 0,
    }
    if secret is not None:
        spec["secret"] = secret.reveal()
    return json.dumps(spec, indent=1, sort_keys=True) + "\n"


def _first_token(engine: Engine, instance: Instance) -> dict[str, Any]:
    body = {
        "model": instance.model.public,
        "messages": [{"role": "user", "content": PROMPT}],
        "max_tokens": 16,
        "stream": True,
    }
    return {"path": engine.first_token, "body": body}
