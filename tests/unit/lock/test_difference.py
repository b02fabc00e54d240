"""What has changed, one line for each change."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from firstlight.lock.difference import differences, size
from firstlight.lock.section import File, Section, Weights
from tests.unit.lock.test_file import SECTIONS

IMAGE = "docker.io/vllm/vllm-openai:v0.33.0"
OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def files(**letters: str) -> dict[str, File]:
    return {name: File(bytes=10**9, sum=f"sha256:{each * 64}") for name, each in letters.items()}


def test_an_image_that_moved() -> None:
    lines = differences(Section(images={IMAGE: OLD}), Section(images={IMAGE: NEW}))
    assert lines == [f"image {IMAGE}: sha256:aaaaaaaaaaaa… → sha256:bbbbbbbbbbbb…"]


def test_weights_that_moved() -> None:
    before = Weights(revision="1" * 40, files=files(a="1", b="2", gone="3"))
    after = Weights(revision="2" * 40, files=files(a="1", b="4", new="5"))
    lines = differences(
        Section(weights={"hf://Qwen/Qwen3-8B": before}),
        Section(weights={"hf://Qwen/Qwen3-8B": after}),
    )
    assert lines == [
        "weights hf://Qwen/Qwen3-8B: 111111111111… → 222222222222… "
        "(3 files, 3.0 GB; changed: b, new; gone: gone)"
    ]


def test_blobs_have_no_names() -> None:
    sections = [
        Section(weights={"ollama://a:b": Weights(revision=digest, files=files(**{letter: letter}))})
        for digest, letter in ((OLD, "a"), (NEW, "b"))
    ]
    (line,) = differences(*sections)
    assert line.endswith("sha256:aaaaaaaaaaaa… → sha256:bbbbbbbbbbbb… (1 file, 1.0 GB)")


def test_many_files_are_counted() -> None:
    before, after = files(**dict.fromkeys("abcde", "1")), files(**dict.fromkeys("abcde", "2"))
    sections = [
        Section(weights={"hf://a/b": Weights(revision=r * 40, files=f)})
        for r, f in (("1", before), ("2", after))
    ]
    (line,) = differences(*sections)
    assert line.endswith("(5 files, 5.0 GB; changed: a, b, c and 2 more)")


def test_what_comes_and_what_goes() -> None:
    full = Section(
        images={IMAGE: OLD},
        weights={"hf://a/b": Weights(revision="1" * 40, files=files(x="1"))},
        packages={"nvidia-driver-580": "580.178.04"},
    )
    assert differences(Section(), full) == [
        f"image {IMAGE}: (none) → sha256:aaaaaaaaaaaa…",
        "weights hf://a/b: (none) → 111111111111… (1 file, 1.0 GB)",
        "package nvidia-driver-580: (none) → 580.178.04",
    ]
    assert [line.rpartition(" → ")[2] for line in differences(full, Section())] == ["(none)"] * 3


@settings(deadline=None, max_examples=50)
@given(SECTIONS, SECTIONS)
def test_there_is_a_line_exactly_where_something_differs(one: Section, other: Section) -> None:
    assert differences(one, one) == []
    assert bool(differences(one, other)) == (one != other)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (16_400_000_000, "16.4 GB"),
        (10**16, "10000.0 TB"),
    ],
)
def test_sizes(count: int, said: str) -> None:
    assert size(count) == said
