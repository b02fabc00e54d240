"""Commands as values: quoting, and failures that explain themselves."""

from __future__ import annotations

import pytest

from firstlight.errors import FirstlightError
from firstlight.operations.commands import explained, failure, script
from tests.operations.play import run

ODD = ["two words", "it's", '"', "$HOME", "`id`", "a\nb", "\\", "*", "; false", "", "-n", "%s"]
ERROR = FirstlightError(
    "it's broken", where="gpu1: x", why='it says "no" to $HOME', fix="mend `it`"
)


@pytest.mark.parametrize("word", ODD)
def test_arguments_arrive_as_they_are(word: str) -> None:
    done = run(script('printf "<%s>" "$#" "$1" "$2"', word, "second"))
    assert done.stdout == f"<2><{word}><second>"


def test_a_command_that_succeeds_says_nothing_more() -> None:
    done = run(explained(script("echo fine"), ERROR))
    assert (done.returncode, done.stdout, done.stderr) == (0, "fine\n", "")


def test_a_failing_command_explains_itself_after_its_own_words() -> None:
    done = run(explained(script("echo own words >&2; exit 7"), ERROR))
    assert done.returncode == 7
    assert done.stderr == f"own words\n{ERROR}\n"


def test_a_script_that_exits_in_the_middle_is_explained_too() -> None:
    done = run(explained(script("set -eu; false; echo not here"), ERROR))
    assert done.returncode == 1
    assert str(ERROR) in done.stderr
    assert "not here" not in done.stdout


def test_what_comes_by_stdin_gets_through() -> None:
    assert run(explained(script("cat", _stdin="hidden"), ERROR)).stdout == "hidden"


def test_a_known_failure_is_a_failing_command() -> None:
    done = run(failure(ERROR))
    assert done.returncode == 1
    assert done.stderr == f"{ERROR}\n"
    assert done.stdout == ""
