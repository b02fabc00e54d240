"""Any word of a command line reaches the program as it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.engines.quoting import exec_line, exec_word
from tests.unit.engines.words import split

ODD = ["%", "%i", "%%", "$HOME", "${X}", "$$", "'", '"', "\\", "\\n", "a b", "", ";", "#x", "a\nb"]
ODD += ["a\tb", "a\rb", " ", "-", "--x y", "@x", "+!", "ä €", "\\\\", '\\"', "x\\", "{a,b}", "*"]

word = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@pytest.mark.parametrize("odd", ODD)
def test_odd_words(odd: str) -> None:
    assert split(exec_line(["/usr/bin/docker", "run", odd, "--flag", odd])) == [
        "/usr/bin/docker", "run", odd, "--flag", odd,
    ]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(word, max_size=6))
def test_every_word_comes_back(words: list[str]) -> None:
    assert split(exec_line(["/bin/echo", *words])) == ["/bin/echo", *words]


def test_plain_words_stay_readable() -> None:
    for plain in ("--ctx-size", "127.0.0.1:8000:8080", "a/b@sha256:0f", "rw,size=64m"):
        assert exec_word(plain) == plain


def test_one_option_a_line() -> None:
    line = exec_line(["/usr/bin/docker", "run", "--rm", "--name", "x", "image", "--model", "m"])
    assert line == "/usr/bin/docker run \\\n  --rm \\\n  --name x image \\\n  --model m"
