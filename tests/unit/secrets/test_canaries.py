"""The search for secrets finds one in every form that it claims to know."""

from __future__ import annotations

import base64
import subprocess
from urllib.parse import quote

import pytest

from tests.lab.canaries import found_in, watching

SECRET = {"canary": "fl_c4n/ry+Zm9v~0123456789abcdef"}


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", '{"token": "'])
@pytest.mark.parametrize("after", ["", "x", "xy", '"}'])
def test_encoded_among_other_things(before: str, after: str) -> None:
    text = (before + SECRET["canary"] + after).encode()
    for form in (
        text.decode(),
        text.hex(),
        text.hex().upper(),
        quote(text.decode(), safe=""),
        base64.b64encode(text).decode(),
        base64.urlsafe_b64encode(text).decode(),
        base64.encodebytes(text * 5).decode(),
    ):
        assert found_in(SECRET, f"a line before\n{form}\n") == ["canary"], form


def test_something_else_is_not_found() -> None:
    other = SECRET["canary"].replace("7", "8")
    for text in (other, other.encode().hex(), base64.b64encode(other.encode()).decode()):
        assert found_in(SECRET, text) == []


def test_a_process_that_shows_it_is_seen() -> None:
    secret = SECRET["canary"]
    for words, env in (
        (["sh", "-c", "sleep 0.3; :", secret], {}),
        (["sleep", "0.3"], {"T": secret}),
    ):
        with watching() as seen:
            subprocess.run(words, env={"PATH": "/usr/bin:/bin", **env}, check=True)
        assert found_in(SECRET, seen[0]) == ["canary"]
