"""Fills in what depends on other values, before anything is validated.

It works on raw data, so it never fails: what is not of the right form is left for the
validation to name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from firstlight.catalogue import engines
from firstlight.catalogue.load import table
from firstlight.settings.filled import filled
from firstlight.settings.known import from_catalogue
from firstlight.weights.source import Source

FIRST_PORT, STEP = 8000, 16
"""Loopback port of a host's first model, and how far on the next model's is: its replicas take
the ports between, so that another number of them moves no other model."""
_PART = re.compile(r"-\d{5}-of-(\d{5}\.gguf)$")


def resolved(
    data: Mapping[str, object], state: str, has_edge: bool | None = None
) -> dict[str, object]:
    """``data`` of one host with dependent defaults.

    ``state`` is its site's state folder; ``has_edge`` is what the groups of the inventory say of
    its edge, None where they say nothing.
    """
    out = {k: dict(v) if isinstance(v, Mapping) else v for k, v in data.items()}
    served = out.get("models")
    if isinstance(served, (list, tuple)):
        out["models"] = [resolved_model(model, index) for index, model in enumerate(served)]
    edge = out.get("edge", {})
    if isinstance(edge, Mapping):
        enabled = bool(served) if has_edge is None else has_edge
        defaults = {"enabled": enabled, "api_keys": f"{state}/keys/api-keys.toml"}
        out["edge"] = filled(edge, defaults)
    nvidia = out.get("nvidia", {})
    if isinstance(nvidia, Mapping):
        managed = "nvidia" in out or _gpu_is_used(served)
        out["nvidia"] = filled(nvidia, {"enabled": managed})
    return out


def with_images(data: Mapping[str, Any], is_monitor: bool | None) -> dict[str, object]:
    """Resolved ``data`` with the catalogue's images of what observes: by tag, for a lock to pin.

    ``is_monitor`` is what the groups of the inventory say of the host, None where they say
    nothing: then an edge is one.
    """
    monitor = data.get("monitor", {})
    if not isinstance(monitor, Mapping) or monitor.get("enabled", True) is False:
        return dict(data)
    out, edge = dict(monitor), _enabled(data.get("edge"))
    watches = edge if is_monitor is None else is_monitor
    runs = {
        "grafana": ("grafana", watches),
        "gpus": ("dcgm-exporter", _enabled(data.get("nvidia"))),
    }
    for key, (name, wanted) in runs.items():
        part = out.get(key, {})
        if wanted and isinstance(part, Mapping) and part.get("enabled", True) is not False:
            out[key] = filled(part, {"image": table("monitor")[name]["image"]})
    return {**data, "monitor": out}


def _enabled(section: object) -> bool:
    return isinstance(section, Mapping) and section.get("enabled") is True


def resolved_model(model: object, index: int) -> object:
    """One entry of ``models`` with its port, its catalogue row and its engine's files."""
    if not isinstance(model, Mapping):
        return model
    out = filled(model, {"port": FIRST_PORT + STEP * index})
    out = from_catalogue(out)
    if uri := _hub_uri(out.get("repo"), out.get("revision")):
        out = filled(out, {"weights": uri})
    engine = out.get("engine")
    profile = engines().get(engine) if isinstance(engine, str) else None
    patterns: tuple[str, ...] = profile.include if profile else ()
    if profile and profile.single_file and isinstance(out.get("file"), str):
        patterns = (_PART.sub(r"-*-of-\1", str(out["file"])),)
    arguments = out.get("args")
    if isinstance(arguments, Mapping) and arguments.get("load-format") == "mistral":
        # Mistral's repositories hold the weights twice: this format reads the other ones.
        patterns = tuple(f"consolidated{p}" if p == "*.safetensors" else p for p in patterns)
    return filled(out, {"include": patterns})


def _hub_uri(repo: object, revision: object) -> str | None:
    """The URI of a repository at a commit; ``None`` where one of them is missing or wrong."""
    if not isinstance(repo, str) or not isinstance(revision, str):
        return None
    try:
        source = Source.parse(f"hf://{repo}@{revision}")
    except ValueError:
        return None
    return str(source) if source.pinned else None


def _gpu_is_used(served: object) -> bool:
    """Whether one of the raw models would be given a GPU: that is the default."""
    models = served if isinstance(served, (list, tuple)) else ()
    return any(isinstance(model, Mapping) and model.get("gpus", "all") != 0 for model in models)
