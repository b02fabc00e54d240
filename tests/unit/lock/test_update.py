"""A section is brought up to date: what is missing comes, what nobody asks for goes."""

from __future__ import annotations

import pytest

from firstlight.errors import FirstlightError
from firstlight.lock.asked import Asked
from firstlight.lock.section import Section, Weights
from firstlight.lock.update import LookUp, lacks, updated

OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64
IMAGE = Asked("image", "docker.io/vllm/vllm-openai:v1", "gpu1: models[0].image")
REPO = Asked("weights", "hf://a/b", "gpu1: models[0].revision")
PINNED = Asked("weights", "hf://c/d@" + "1" * 40, "gpu1: models[1].revision", pinned=True)
BEFORE = Section(
    images={IMAGE.name: OLD, "docker.io/old:v0": OLD},
    weights={REPO.name: Weights(revision="1" * 40)},
    packages={"nvidia-driver-580": "580.1.1"},
)


@pytest.fixture
def seen() -> list[str]:
    return []


@pytest.fixture
def look_up(seen: list[str]) -> LookUp:
    def look_up(each: Asked) -> str | Weights:
        seen.append(each.name)
        if "broken" in each.name:
            raise FirstlightError("it is broken", where=each.where)
        revision = ("3" if each.hub else "2") * 40
        return NEW if each.kind == "image" else Weights(revision=revision)

    return look_up


def test_what_is_there_is_kept_and_the_rest_looked_up(seen: list[str], look_up: LookUp) -> None:
    after = updated(BEFORE, [IMAGE, REPO, PINNED], {}, anew=False, look_up=look_up)
    assert seen == [PINNED.name]
    assert after == Section(
        images={IMAGE.name: OLD},
        weights={REPO.name: Weights(revision="1" * 40), PINNED.name: Weights(revision="2" * 40)},
    )


def test_an_update_looks_everything_up(seen: list[str], look_up: LookUp) -> None:
    after = updated(BEFORE, [IMAGE, REPO], {"x": "1"}, anew=True, look_up=look_up)
    assert seen == [IMAGE.name, REPO.name]
    assert after.images == {IMAGE.name: NEW} and after.packages == {"x": "1"}
    assert after.weights[REPO.name].revision == "2" * 40


def test_all_that_cannot_be_had_is_told_at_once(look_up: LookUp) -> None:
    broken = [Asked("image", f"docker.io/broken{n}:v1", f"gpu{n}: image") for n in (1, 2)]
    with pytest.raises(FirstlightError) as error:
        updated(BEFORE, [*broken, REPO], {}, anew=False, look_up=look_up)
    assert str(error.value) == "gpu1: image: it is broken\ngpu2: image: it is broken"


def test_two_hubs_that_disagree_are_refused(look_up: LookUp) -> None:
    mirror = Asked("weights", REPO.name, "gpu2: models[0].revision", hub="https://mirror.example")
    with pytest.raises(FirstlightError, match="two hubs do not agree on hf://a/b") as error:
        updated(Section(), [REPO, mirror], {}, anew=False, look_up=look_up)
    assert "2" * 40 in str(error.value) and f"https://mirror.example {'3' * 40}" in str(error.value)


def test_what_a_deploy_would_miss_and_what_is_too_much() -> None:
    other = Asked("image", "docker.io/new:v1", "gpu2: models[0].image")
    assert lacks(BEFORE, [IMAGE, other, PINNED], {"nvidia-driver-580": "580.2.2"}) == [
        "missing: image docker.io/new:v1, asked for by gpu2: models[0].image",
        "stale: image docker.io/old:v0, asked for by nobody",
        "stale: weights hf://a/b, asked for by nobody",
        "stale: package nvidia-driver-580, 580.1.1 here and 580.2.2 declared",
    ]
    full = Section(images={IMAGE.name: OLD})
    assert lacks(full, [IMAGE], {}) == []
