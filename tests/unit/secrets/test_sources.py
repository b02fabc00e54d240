"""A secret from each of its sources, asked for once, and every way in which it cannot be had."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firstlight.errors import FirstlightError
from firstlight.secrets import program as programs
from firstlight.secrets.looked import looked_at
from firstlight.secrets.resolved import Shape, forget, resolved
from tests.unit.secrets.sources import (
    ENCRYPTED,
    SOPS,
    TOKEN,
    WHAT,
    age_files,
    printing,
    private,
    program,
    source,
)


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs before all others."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return tmp_path / "bin"


def refused(value: Any, shape: Shape = "word") -> str:
    with pytest.raises(FirstlightError) as error:
        resolved(source(value), WHAT, shape)
    text = str(error.value)
    assert WHAT in text and error.value.where and error.value.fix and TOKEN not in text
    return text


def test_a_private_file(tmp_path: Path) -> None:
    file = private(tmp_path / "t", f"{TOKEN}\n")
    assert resolved(source(str(file)), WHAT).reveal() == TOKEN
    file.write_text("another")
    assert resolved(source(str(file)), WHAT).reveal() == "another"
    file.chmod(0o640)
    assert "can be read by others" in refused(str(file))
    assert "is missing" in refused(str(tmp_path / "none"))


def test_real_age_with_the_right_and_a_wrong_identity(tmp_path: Path) -> None:
    encrypted, identity, other = age_files(tmp_path)
    value = {"age": str(encrypted), "identity": str(identity)}
    looked_at(source(value), WHAT)
    assert resolved(source(value), WHAT).reveal() == TOKEN
    assert "no identity matched" in refused({**value, "identity": str(other)})
    assert "identity" in refused({**value, "identity": str(tmp_path / "none")})
    other.chmod(0o644)
    forget()
    assert "can be read by others" in refused({**value, "identity": str(other)})


def test_without_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = private(tmp_path / "key", "x")
    monkeypatch.setenv("PATH", str(tmp_path))
    text = refused({"age": str(tmp_path / "hub.age"), "identity": str(identity)})
    assert "age is not installed here" in text and "install age" in text


def test_simulated_sops(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(path, "sops", SOPS)
    monkeypatch.setenv("TEST_VALUE", TOKEN)
    file = private(tmp_path / "prod.sops.yaml", ENCRYPTED, 0o644)
    value = {"sops": str(file), "key": "hub.token"}
    right = str(private(tmp_path / "right.txt", "right"))
    assert resolved(source({**value, "identity": right}), WHAT).reveal() == TOKEN
    listed = {**value, "key": "list.1", "identity": right}
    assert resolved(source(listed), WHAT).reveal() == "second"
    wrong = private(tmp_path / "wrong.txt", "wrong")
    assert "Failed to get the data key" in refused({**value, "identity": str(wrong)})


def test_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_TOKEN", raising=False)
    assert "not set" in refused({"env": "TEST_TOKEN"})
    forget()
    monkeypatch.setenv("TEST_TOKEN", "")
    assert "it is empty" in refused({"env": "TEST_TOKEN"})
    forget()
    monkeypatch.setenv("TEST_TOKEN", TOKEN)
    assert resolved(source({"env": "TEST_TOKEN"}), WHAT).reveal() == TOKEN
    # No program that is run for another secret sees it.
    shown = resolved(source({"command": ["env"]}), WHAT, "text").reveal()
    assert "PATH=" in shown and TOKEN not in shown


def test_each_source_is_asked_once(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    for text, code in ((TOKEN, 0), ("", 3)):
        asked.write_text("")
        value = {"command": ["sh", "-c", f"echo x >>'{asked}'; echo '{text[:3]}'; exit {code}"]}
        for _ in range(3):
            if code:
                assert "code 3" in refused(value)
            else:
                assert resolved(source(value), WHAT).reveal() == text[:3]
        assert asked.read_text() == "x\n"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"command": ["no-such-program-here"]}, "is not installed here"),
        ({"command": ["/etc/passwd"]}, "Permission denied"),
        ({"command": ["false"]}, "ended with code 1"),
        (printing(""), "it is empty"),
        (printing("\\n \\n"), "it is empty"),
        (printing("a\\nb\\n"), "it has 2 lines"),
        (printing("a b"), "it has blanks inside"),
        (printing("a\\001b\\000c"), "what came is not"),
        (printing("\\303\\251"), "it is not plain text"),
        ({"command": ["sh", "-c", "echo boom >&2; exit 4"]}, "boom"),
        ({"command": ["sh", "-c", "echo part1; echo 'no part1' >&2; exit 4"]}, "may hold a secret"),
        ({"command": ["sh", "-c", "kill -9 $$"]}, "ended with code -9"),
        ({"command": ["yes"]}, "more than 64 KiB"),
        ({"credential": "hub-token"}, "is not on the control machine"),
    ],
)
def test_what_cannot_be_had(value: dict[str, Any], said: str) -> None:
    assert said in refused(value)


def test_a_secret_of_several_lines() -> None:
    assert resolved(source(printing("a\\nb\\n")), WHAT, "text").reveal() == "a\nb"


def test_a_program_may_say_a_lot_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "SECONDS", 10)  # blocked at its full pipe it would be ended
    talking = "head -c 1000000 /dev/zero >&2; echo word"
    assert resolved(source({"command": ["sh", "-c", talking]}), WHAT).reveal() == "word"


def test_a_program_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "SECONDS", 0.3)
    for words in (["sleep", "60"], ["sh", "-c", "sleep 60 & echo x; sleep 60"]):
        began = time.monotonic()
        assert "was ended" in refused({"command": words})
        assert time.monotonic() - began < 15


def test_a_child_that_keeps_the_pipe_holds_nobody_up() -> None:
    began = time.monotonic()
    value = {"command": ["sh", "-c", "sleep 60 & echo word"]}
    assert resolved(source(value), WHAT).reveal() == "word"
    assert time.monotonic() - began < 15
