"""The guard's settings: what is wrong is said before any host is touched."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from firstlight.settings.check_guard import guard_contradictions
from firstlight.settings.guard import COMMON, Guard

IMAGE = f"ghcr.io/data-privacy-stack/presidio-analyzer@sha256:{'a' * 64}"


def problems(**wanted: Any) -> list[str]:
    guard = Guard.model_validate({"image": IMAGE, **wanted})
    return [problem.text() for problem in guard_contradictions("gpu1", guard, ("tiny", "qwen"))]


def test_defaults_are_right() -> None:
    guard = Guard(image=IMAGE)
    assert (guard.fail, guard.nlp, guard.output.pii) == ("closed", "pattern", COMMON)
    assert guard.covers("anything") and problems() == []


def test_some_models() -> None:
    guard = Guard(image=IMAGE, models=("tiny",))
    assert guard.covers("tiny") and not guard.covers("qwen")
    other = Guard(image=IMAGE, models=("other",))
    (found,) = guard_contradictions("gpu1", other, ("tiny", "qwen"))
    assert found.key == "edge.guard.models[0]" and "offers: qwen, tiny" in found.expected


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"image": "presidio:latest"}, "by digest"),
        ({"input": {"banned": ["("]}}, "a regular expression of Python"),
        ({"input": {"banned": ["x" * 501]}}, "at most 500 characters"),
        ({"input": {"banned": ["a*"]}}, "it matches all"),
        ({"input": {"banned": ["a"] * 65}}, "at most 64 patterns"),
        ({"input": {"max_chars": 5}}, "a number of characters"),
        ({"output": {"pii": ["email"]}}, "a kind of entity as Presidio names it"),
        ({"threshold": 0}, "a score above 0"),
        ({"language": "english"}, "two letters"),
        ({"fail": "maybe"}, "closed"),
    ],
)
def test_wrong_values(wanted: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Guard.model_validate({"image": IMAGE, **wanted})


def test_names_need_a_language_model() -> None:
    found = problems(output={"pii": ["PERSON", "EMAIL_ADDRESS"]})
    assert len(found) == 1 and "edge.guard.output.pii: found PERSON" in found[0]
    assert problems(nlp="en_core_web_lg", output={"pii": ["PERSON"]}) == []


def test_a_guard_without_a_task() -> None:
    found = problems(input={"injection": False}, output={"pii": []})
    assert len(found) == 1 and "all its checks off" in found[0]
