"""Which path leads to which model: what route.js and the public door are rendered from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from firstlight.edge.pools import Public

MODELS = "/v1/models"


def prefix(public: Public) -> str:
    """Return the path under which a model is reached whatever the request's body says."""
    return f"/models/{public.name}"


def paths(publics: Sequence[Public]) -> list[str]:
    """Return the exact API paths that clients may POST to; everything else is 404."""
    common = dict.fromkeys(path for each in publics for path in each.paths)
    return [*common, *(prefix(each) + path for each in publics for path in each.paths)]


def lists(publics: Sequence[Public]) -> list[str]:
    """Return nginx's matches of the paths that list models: all, one, those of one."""
    own = (f"= {prefix(each)}{MODELS}" for each in publics)
    return [f"= {MODELS}", f"^~ {MODELS}/", *own]


def listed(publics: Iterable[Public]) -> list[dict[str, Any]]:
    """Return the entries of ``GET /v1/models``: models, and their adapters by their own names."""
    found: list[dict[str, Any]] = []
    for each in publics:
        entry = {"object": "model", "created": 0, "owned_by": "firstlight"}
        found.append({"id": each.name, **entry})
        found += [{"id": name, **entry, "parent": each.name} for name in each.adapters]
    return found


def script(publics: Sequence[Public]) -> str:
    """Return routes.js: the names clients may ask for, and what answers to them."""
    table = {
        "names": {name: each.name for each in publics for name in (*each.adapters, each.name)},
        "models": {
            each.name: {
                "stable": each.stable.name,
                "canary": each.canary.name if each.canary else "",
                "percent": each.percent if each.canary else 0,
                "paths": each.paths,
            }
            for each in publics
        },
        "listed": listed(publics),
    }
    return f"export default {json.dumps(table, indent=1)};\n"
