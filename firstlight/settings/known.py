"""What the catalogue knows of a model, as defaults of its settings."""

from __future__ import annotations

from collections.abc import Mapping

from firstlight.catalogue.named import model_row
from firstlight.catalogue.row import ModelRow
from firstlight.settings.filled import filled


def from_catalogue(model: Mapping[str, object]) -> dict[str, object]:
    """``model`` with what its row knows: by its repository, or by its name where it has none."""
    row = _row(model)
    if row is None:
        return dict(model)
    known: dict[str, object] = {
        "engine": row.engine, "context": row.context, "bytes": row.bytes,
    }  # fmt: skip
    if model.get("weights") is None:
        known["repo"] = row.repo
    out = filled(model, known)
    # Parsers and flags are vLLM's own: other engines call theirs otherwise.
    return _for_vllm(out, row) if out.get("engine") == "vllm" else out


def _row(model: Mapping[str, object]) -> ModelRow | None:
    """The row speaks of its own repository only: another one has another size and context."""
    repo, weights, name = (model.get(key) for key in ("repo", "weights", "name"))
    if isinstance(weights, str):
        scheme, _, rest = weights.partition("://")
        return model_row(rest.partition("@")[0]) if scheme == "hf" else None
    if repo is not None:
        return model_row(repo) if isinstance(repo, str) else None
    return model_row(name) if isinstance(name, str) else None


def _for_vllm(model: Mapping[str, object], row: ModelRow) -> dict[str, object]:
    out = filled(model, {"tool_parser": row.tool_parser, "reasoning_parser": row.reasoning_parser})
    given = out.get("args")
    if given is None or isinstance(given, Mapping):
        out["args"] = {**row.args, **(given or {})}
    return out
