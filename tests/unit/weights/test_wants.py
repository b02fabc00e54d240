"""What a model needs fetched, and the folders it stands in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from firstlight.settings import Model
from firstlight.weights import store
from firstlight.weights.source import Source
from firstlight.weights.wants import Want, every, wants
from tests.site import load, model

__all__ = ["load", "model"]
SUM = "sha256:" + "b" * 64
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def want(text: str, **changes: object) -> Want:
    return replace(Want("tiny", Source.parse(text), file="tiny.gguf"), **changes)  # type: ignore[arg-type]


def test_a_model_its_adapters_and_its_draft(model: Callable[..., Model]) -> None:
    made = model(
        engine="vllm",
        name="qwen",
        lora=[{"name": "law", "weights": f"hf://o/law@{COMMIT}"}],
        speculative={"method": "eagle3", "draft": {"weights": f"hf://o/draft@{COMMIT}"}},
    )
    found = wants(made)
    assert [each.name for each in found] == ["qwen", "qwen.lora.law", "qwen.draft"]
    assert [str(each.source) for each in found][1:] == [
        f"hf://o/law@{COMMIT}",
        f"hf://o/draft@{COMMIT}",
    ]
    assert found[0].folder == store.folder(made)
    assert every([made, made]) == found * 2
    assert len({each.folder for each in found}) == 3


def test_a_hub_and_its_token_are_for_sources_of_its_kind(
    model: Callable[..., Model], tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("t")
    (tmp_path / "token").chmod(0o600)
    made = model(
        engine="vllm",
        hub="https://mirror.example.net",
        hub_token=str(tmp_path / "token"),
        lora=[
            {"name": "a", "weights": f"hf://o/a@{COMMIT}"},
            {"name": "b", "weights": f"s3://models/b/@{SUM}"},
        ],
    )
    assert [each.hub for each in wants(made)] == ["https://mirror.example.net"] * 2 + [None]
    assert [each.hub_token is None for each in wants(made)] == [False, False, True]


def test_folders_of_the_hub_keep_their_names(model: Callable[..., Model]) -> None:
    # As releases before LoRA and other sources named it: no host fetches a model again for us.
    (found,) = wants(model())
    chosen = hashlib.sha256(b"tiny.gguf\0tiny.gguf").hexdigest()[:8]
    assert found.folder == f"/srv/models/firstlight--tiny@0123456789ab-{chosen}"


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        (f"ollama://team/qwen3:8b@{SUM}", "ollama-qwen3-8b@bbbbbbbbbbbb-"),
        (f"https://h/m/q/@{SUM}", "https-q@bbbbbbbbbbbb-"),
        (f"s3://models/a/x.gguf?region=auto@{SUM}", "s3-x.gguf@bbbbbbbbbbbb-"),
        (f"file:///mnt/x@y.gguf@{SUM}", "file-x-y.gguf@bbbbbbbbbbbb-"),
    ],
)
def test_folders_of_other_sources(text: str, begins: str) -> None:
    assert want(text).folder.startswith(f"{store.STORE}/{begins}")


def test_what_differs_stands_apart() -> None:
    first = want(f"https://h/m/@{SUM}")
    assert first.folder == want(f"https://h/m/@{SUM}", name="other").folder
    for other in (
        want(f"https://h2/m/@{SUM}"),
        want(f"s3://h01/m/@{SUM}"),
        want(f"https://h/m/@{SUM}", include=("*.json",)),
        want(f"https://h/m/@{SUM}", file=""),
    ):
        assert other.folder != first.folder
    # Ollama's layout has the model's name in it.
    one = want(f"ollama://q@{SUM}")
    assert one.folder != want(f"ollama://q@{SUM}", name="other").folder


def test_patterns_are_each_once() -> None:
    found = want(f"hf://o/n@{COMMIT}", include=("*.json", "tiny.gguf"))
    assert found.patterns == ("*.json", "tiny.gguf")
