"""``firstlight alert test`` says who got the alert, and its exit code says whether all did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner

from firstlight.cli import alert as command
from firstlight.errors import FirstlightError
from firstlight.monitor.seen_site import SeenHost

KNOWN = ["chat", "mail"]


def seen(name: str, monitors: tuple[str, ...], agent: bool = False) -> SeenHost:
    return SeenHost(name, (), monitors, (), "lab", 15.0, agent, True, "EUR", {})


class Session:
    """Two monitors: the second one cannot be reached where ``away`` is set."""

    away = False
    got = True
    hosts: tuple[SeenHost, ...] = ()
    asked: ClassVar[list[str]] = []

    def __init__(self, inventory: str) -> None:
        self.inventory = inventory

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, monitor: str, program: str, seconds: int) -> str:
        self.asked.append(monitor)
        if self.away and monitor == "mon2":
            raise FirstlightError("the host is not reached", where=monitor)
        one = {"name": "chat", "integration": "slack", "got": True, "seconds": 1.04, "why": ""}
        two = {"name": "mail", "integration": "email", "got": self.got, "seconds": 10.2}
        why = {"why": "" if self.got else "connection refused"}
        said = {"results": [one, two | why], "known": KNOWN}
        return f"Last login\nFIRSTLIGHT-ALERT-TEST {json.dumps(said)}\n"


@pytest.fixture
def inventory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    hosts = (seen("gpu1", ("mon1", "mon2")), seen("mon1", ("mon1",)), seen("mon2", ("mon2",)))
    for name, value in {"hosts": hosts, "away": False, "got": True, "asked": []}.items():
        monkeypatch.setattr(Session, name, value)
    monkeypatch.setattr(command, "Session", Session)
    (tmp_path / "prod.py").touch()
    return str(tmp_path / "prod.py")


def invoked(*words: str) -> Any:
    return CliRunner().invoke(command.alert, ["test", *words])


def test_everybody_got_it(inventory: str) -> None:
    done = invoked(inventory)
    assert done.exit_code == 0 and Session.asked == ["mon1", "mon2"]
    assert "mon1: chat (slack): got it after 1.0 s" in done.output


def test_somebody_did_not(inventory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "got", False)
    done = invoked(inventory, "--json", "--limit", "mon1")
    assert done.exit_code == 3 and Session.asked == ["mon1"]
    found = json.loads(done.stdout)["tested"]
    assert [(each["receiver"], each["got"]) for each in found] == [("chat", True), ("mail", False)]
    assert "did NOT get it: connection refused" in invoked(inventory).output


def test_a_monitor_that_is_away_is_no_success(
    inventory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "away", True)
    done = invoked(inventory)
    assert done.exit_code == 1 and "mon1: mail" in done.stdout and "mon2" in done.stderr


def test_nobody_watches(inventory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "hosts", (seen("gpu1", ()),))
    done = invoked(inventory)
    assert isinstance(done.exception, FirstlightError) and "nobody watches" in str(done.exception)
    agent = (seen("gpu1", ("mon1",)), seen("mon1", ("mon1",), agent=True))
    monkeypatch.setattr(Session, "hosts", agent)
    assert isinstance(invoked(inventory).exception, FirstlightError)
