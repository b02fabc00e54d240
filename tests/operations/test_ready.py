"""The last step: a token or a failure, and a receipt that changes only with what serves."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from typing import Any

import pytest

from firstlight import adapter, receipt
from firstlight.errors import FirstlightError
from firstlight.facts.receipt import Serving, ServingVersions
from firstlight.operations.ready import first_token
from firstlight.ready import FirstLight
from tests.operations.play import commands, converged, run

SERVES = {"models": [{"name": "tiny"}], "edge": {"release": "abc"}}
HAVE = Serving("Debian 13", "6.12", {"nginx": "1.26"})
LIGHT = FirstLight("tiny", 0.0421, "Hello")
TIMING = {"seconds": 42.5, "finished": "now", "phases": {}}


def arguments(looked: list[str], **change: Any) -> dict[str, Any]:
    def look() -> list[FirstLight]:
        looked.append("look")
        return [LIGHT]

    given: dict[str, Any] = {
        "serves": lambda: SERVES,
        "packages": ("nginx",),
        "look": look,
        "timing": lambda *_: dict(TIMING),
        "report": lambda found, _lights: f"report of {found['seconds']}",
    }
    return given | change


@pytest.fixture(autouse=True)
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(adapter, "say", lines.append)
    return lines


def written(stdin: str) -> dict[str, Any]:
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(stdin))) as tar:
        file = tar.extractfile(tar.getmembers()[0])
        assert file is not None
        found: dict[str, Any] = json.loads(file.read())
        return found


def first_run(have: Serving | None = HAVE) -> dict[str, Any]:
    facts = {ServingVersions: have}
    (command,), _ = commands(first_token, facts, executing=True, **arguments([]))
    assert receipt.PATH in command.get_raw_value()
    return written(command.connector_arguments["_stdin"])


def with_receipt(kept: object) -> dict[type, Serving]:
    text = kept if isinstance(kept, str) else json.dumps(kept)
    return {ServingVersions: Serving(HAVE.os, HAVE.kernel, HAVE.packages, text)}


def test_the_receipt_says_what_serves_and_how_fast_it_came() -> None:
    kept = first_run()
    assert kept["host"] == "gpu1"
    assert kept["models"] == [{"name": "tiny"}]
    assert kept["packages"] == {"nginx": "1.26"}
    assert kept["seconds"] == 42.5
    assert kept["first_token_seconds"] == {"tiny": 0.0421}


def test_a_second_run_looks_again_and_writes_nothing(said: list[str]) -> None:
    looked: list[str] = []
    kept = {**first_run(), "seconds": 21.0}
    found, host = commands(first_token, with_receipt(kept), executing=True, **arguments(looked))
    assert found == [] and host.noop_description
    assert looked == ["look"]
    # The times of the run that built it stand, not those of a run that did nothing.
    assert said[-1] == "report of 21.0"


def test_a_plan_never_looks() -> None:
    looked: list[str] = []
    assert converged(first_token, with_receipt(first_run()), **arguments(looked))
    assert commands(first_token, {ServingVersions: HAVE}, **arguments(looked))[0]
    assert looked == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}', "null"])
def test_a_torn_receipt_is_written_anew(text: str) -> None:
    facts = with_receipt(text)
    assert len(commands(first_token, facts, executing=True, **arguments([]))[0]) == 1


def test_another_engine_needs_another_receipt() -> None:
    given = arguments([], serves=lambda: {**SERVES, "models": [{"name": "other"}]})
    facts = with_receipt(first_run())
    assert len(commands(first_token, facts, executing=True, **given)[0]) == 1


def test_no_token_is_a_failure_and_leaves_the_receipt() -> None:
    def dark() -> list[FirstLight]:
        raise FirstlightError("no token was seen", why="HTTP 503")

    given = arguments([], look=dark)
    (command,), _ = commands(first_token, {ServingVersions: HAVE}, executing=True, **given)
    done = run(command)
    assert done.returncode == 1
    assert "no token was seen" in done.stderr and "HTTP 503" in done.stderr


def test_a_failed_fact_is_no_exception() -> None:
    assert first_run(None)["packages"] == {}
