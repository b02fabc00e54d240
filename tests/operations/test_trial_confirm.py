"""Whether a change stays: decided by a new connection, and by what the host says of itself."""

from __future__ import annotations

import pytest

from firstlight import adapter
from firstlight.operations import trial


class Reached:
    """A host whose new connections, and answers over them, are given."""

    name = "gpu1"

    def __init__(
        self, patch: pytest.MonkeyPatch, connects: list[bool], answers: list[bool]
    ) -> None:
        self.said: list[str] = []
        patch.setattr(adapter, "is_here", lambda _: False)
        patch.setattr(adapter, "reconnect", lambda *_: connects.pop(0) if connects else False)
        patch.setattr(adapter, "command", lambda *_: (answers.pop(0), "said") if answers else None)
        patch.setattr(adapter, "complain", lambda _, error: self.said.append(str(error)))
        patch.setattr(trial, "PAUSE_SECONDS", 0.01)
        patch.setattr(trial, "RETURN_SECONDS", 0.2)

    def confirmed(self, seconds: float = 0.1) -> bool:
        return trial.confirm(None, self, "wall", "me", seconds)  # type: ignore[arg-type]


def test_a_new_connection_confirms(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Reached(monkeypatch, [False, True], [True]).confirmed()


def test_nobody_comes_in_and_the_host_says_that_it_went_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connects = iter([False] * 5 + [True] * 50)
    host = Reached(monkeypatch, [], [True])
    monkeypatch.setattr(adapter, "reconnect", lambda *_: next(connects))
    assert not host.confirmed(0.03)
    assert "would have locked you out; the state of before is back" in host.said[0]


def test_a_host_that_stays_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Reached(monkeypatch, [], [])
    assert not host.confirmed()
    assert "does not answer" in host.said[0] and "on its console" in host.said[0]


def test_confirmed_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Reached(monkeypatch, [True] * 9, [False, True])
    assert not host.confirmed()
    assert "could not be confirmed: said" in host.said[0]
