"""Texts in pieces: nothing of an entity gets out, and what is none flows."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from firstlight.guard.finding import Finding, masked, merged
from firstlight.guard.hold import LONGEST, RUN, Hold
from tests.unit.guard.analysis import analyze

TEXTS = [
    ("Write to jane.doe@example.com today.", "Write to <EMAIL_ADDRESS> today."),
    ("The card 4111 1111 1111 1111 is mine", "The card <CREDIT_CARD> is mine"),
    ("(4111-1111-1111-1111)", "(<CREDIT_CARD>)"),
    (
        "pay to GB82 WEST 1234 5698 7654 32 now, please do it",
        "pay to <IBAN_CODE> now, please do it",
    ),
    ("jane@example.com,joe@example.com", "<EMAIL_ADDRESS>,<EMAIL_ADDRESS>"),
    ("Grüße an zoë@beispiel.example – danke 😀!", "Grüße an <EMAIL_ADDRESS> – danke 😀!"),
    (
        "In 2024 there were 15 of 20, and 3.5 % more.",
        "In 2024 there were 15 of 20, and 3.5 % more.",
    ),
    ("x@", "x@"),
    ("", ""),
]


def streamed(pieces: list[str], counts: Counter[str] | None = None) -> list[str]:
    hold = Hold(analyze, counts if counts is not None else Counter())
    return [*[hold.feed(piece) for piece in pieces], hold.flush()]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_cut_anywhere(text: str, expected: str) -> None:
    for at in range(len(text) + 1):
        assert "".join(streamed([text[:at], text[at:]])) == expected
    assert "".join(streamed(list(text))) == expected


def test_cut_at_random_in_a_long_text() -> None:
    text = " ".join(text for text, _ in TEXTS * 4)
    expected = masked(text, merged(analyze(text)), Counter())
    generator = random.Random(5)
    for _ in range(200):
        cuts = sorted(generator.choices(range(len(text)), k=60))
        pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        assert "".join(streamed(pieces)) == expected


def test_prose_flows_one_word_behind() -> None:
    words = ["Once", " upon", " a", " time", " there", " was"]
    assert streamed(words)[:-1] == ["", "Once ", "upon ", "a ", "time ", "there "]


@pytest.mark.parametrize("letter", ["字", "😀"])
def test_what_has_no_spaces_flows_too(letter: str) -> None:
    assert streamed([letter] * 9)[:-1] == [letter] * 9


@pytest.mark.parametrize("text", ["x" * 2000, "1 " * 1000, "1" * 2000, "AB12 " * 400, "a@" * 999])
def test_what_is_held_is_bounded(text: str) -> None:
    hold, out = Hold(lambda _: [], Counter()), 0
    for count, letter in enumerate(text, 1):
        out += len(hold.feed(letter))
        assert count - out <= LONGEST
    assert out + len(hold.flush()) == len(text)


def test_what_all_looks_like_one_entity_is_masked_in_parts() -> None:
    hold = Hold(lambda text: [Finding(0, len(text), "ALL")], Counter())
    out = "".join(hold.feed("1") for _ in range(1000)) + hold.flush()
    assert set(out.split("<ALL>")) == {""} and 3 <= out.count("<ALL>") <= 5


def test_numbers_in_a_table_are_held_for_a_short_while() -> None:
    hold = Hold(analyze, Counter())
    out = sum(len(hold.feed("17 ")) for _ in range(100))
    assert 300 - out <= RUN + 4


def test_an_entity_that_outgrows_the_bound_goes_out_masked() -> None:
    address = f"{'a' * 300}@example.com"
    found = "".join(streamed([f"to {address}"[at : at + 7] for at in range(0, 320, 7)]))
    assert "@example.com" not in found


def test_findings_are_counted() -> None:
    counts: Counter[str] = Counter()
    streamed(["a@example.com b@exam", "ple.com and 4111111111111111 is all"], counts)
    assert counts == {"EMAIL_ADDRESS": 2, "CREDIT_CARD": 1}


def test_whole_sentences_where_names_are_looked_for() -> None:
    def names(text: str) -> list[Finding]:
        at = text.find("Jane Doe")
        return [Finding(at, at + 8, "PERSON")] if at >= 0 else []

    hold = Hold(names, Counter(), sentences=True, signs=False)
    out = [hold.feed(word) for word in ["It", " is", " Jane", " Doe", ".", " She", " is", " in"]]
    assert out == ["", "", "", "", "", "It is <PERSON>. ", "", ""]
    assert hold.flush() == "She is in"


def test_overlaps_become_one() -> None:
    found = merged([Finding(0, 5, "A", 0.4), Finding(3, 9, "B", 0.9), Finding(9, 12, "C", 0.1)])
    assert [(each.start, each.end, each.kind) for each in found] == [(0, 9, "B"), (9, 12, "C")]
