"""What brings an engine into service, against a small HTTP server."""

from __future__ import annotations

import http.client
import json
import os
from pathlib import Path
from typing import Any

import pytest

from firstlight.engines import watch
from tests.unit.engines.answers import Engine

DEAD = 2**22 + 1
"""A process number that no process has."""


def out(spec: dict[str, Any]) -> bool:
    return Path(spec["out"]).exists()


def test_it_serves_from_its_first_token_on(engine: Engine, spec: dict[str, Any]) -> None:
    watch.keep_out(spec)
    assert out(spec)
    # nginx's workers are not root.
    assert Path(spec["out"]).parent.stat().st_mode & 0o005 == 0o005
    engine.answers["/health"] = [(503, b""), (503, b""), (200, b"")]
    watch.bring_in(spec, os.getpid())
    assert not out(spec)
    assert engine.asked[-1] == ("/chat", b'{"stream": true}')
    assert len([path for path, _ in engine.asked if path == "/health"]) == 3


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((500, b"CUDA error"), "HTTP 500: CUDA error"),
        ((200, b"data: [DONE]\n\n"), "streams no token; its last line: data: [DONE]"),
        ((200, b'data: {"error": "boom"}\n\n'), 'streams no token; its last line: data: {"error'),
        ((200, b'data: {"choices": [{"delta": {"content": ""}}]}\n\n'), "streams no token"),
    ],
)
def test_without_a_token_it_stays_out(
    engine: Engine, spec: dict[str, Any], answer: tuple[int, bytes], words: str
) -> None:
    watch.keep_out(spec)
    engine.answers["/chat"] = answer
    with pytest.raises(watch.NotReadyError, match="/chat") as refused:
        watch.bring_in(spec, os.getpid())
    assert words in str(refused.value)
    assert out(spec)


def test_a_process_that_has_ended_is_not_waited_for(engine: Engine, spec: dict[str, Any]) -> None:
    engine.answers["/health"] = (503, b"loading")
    with pytest.raises(watch.NotReadyError, match="ended before it answered"):
        watch.bring_in(spec, DEAD)


def test_it_is_loaded_before_it_is_looked_at(engine: Engine, spec: dict[str, Any]) -> None:
    spec["preload"] = {"path": "/load", "body": {"keep_alive": -1}}
    engine.answers["/load"] = (200, b"{}")
    watch.bring_in(spec, os.getpid())
    assert [path for path, _ in engine.asked] == ["/health", "/load", "/chat"]
    assert json.loads(engine.asked[1][1]) == {"keep_alive": -1}


@pytest.mark.parametrize(
    ("item", "right"),
    [
        ({"name": "tiny", "digest": "d", "size": 7, "size_vram": 7}, True),
        ({"name": "tiny", "digest": "other", "size": 7, "size_vram": 7}, False),
        ({"name": "tiny", "digest": "d", "size": 7, "size_vram": 0}, False),
        ({"name": "other", "digest": "d", "size": 7, "size_vram": 7}, False),
    ],
)
def test_it_must_be_what_it_should_be(
    engine: Engine, spec: dict[str, Any], item: dict[str, Any], right: bool
) -> None:
    spec["checks"] = [
        {"path": "/ps", "items": "models", "where": {"name": "tiny"}, "expect": {"digest": "d"},
         "same": ["size", "size_vram"], "otherwise": "it is not on the GPU"},
    ]  # fmt: skip
    engine.answers["/ps"] = (200, json.dumps({"models": [item]}).encode())
    watch.keep_out(spec)
    if right:
        watch.bring_in(spec, os.getpid())
    else:
        with pytest.raises(watch.NotReadyError, match=r"it is not on the GPU: .*/ps says"):
            watch.bring_in(spec, os.getpid())
    assert out(spec) is not right


def test_an_answer_that_is_cut_off_is_no_answer_yet(
    engine: Engine, spec: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object, **__: object) -> bytes:
        raise http.client.IncompleteRead(b"")

    monkeypatch.setattr(watch, "get", cut)
    assert not watch.healthy(spec["health"])
    assert not watch.busy(spec)


def test_a_process_that_ended_before_anyone_looked(
    engine: Engine, spec: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """systemd then passes no number."""
    engine.answers["/health"] = (503, b"")
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    assert watch.main(["await", str(tmp_path / "spec.json")]) == 1
    assert "ended before it answered" in capsys.readouterr().err
