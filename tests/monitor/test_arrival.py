"""A test alert is seen arriving at each receiver, and who does not get it is named with the reason."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from firstlight.errors import FirstlightError
from firstlight.monitor.arrival import Arrival, arrivals, exit_code, parsed, program
from firstlight.monitor.arrival_program import reason
from tests.monitor.alerting import Running, free_port, running
from tests.monitor.sinks import until

HOOK = "/hook/SECRET-one"


@dataclass
class Here:
    """Runs the monitor's program on this machine."""

    url: str
    receivers: Path

    def run(self, monitor: str, text: str, seconds: int) -> str:
        here = text.replace("http://127.0.0.1:9093", self.url)
        here = here.replace("/etc/firstlight/alertmanager/receivers.json", str(self.receivers))
        done = subprocess.run(
            [sys.executable, "-I", "-"],
            input=here, capture_output=True, text=True, timeout=seconds, check=True,
        )  # fmt: skip
        return done.stdout


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("alertmanager")
    second: dict[str, Any] = {
        "hook": {"webhook": {"secret_url": "hook-url"}},
        "other": {"webhook": {"url": f"http://127.0.0.1:{free_port()}/gone"}},
        "chat": {"slack": {"url": "chat-url"}},
    }
    to = [{"name": name, "integration": kind} for name, each in second.items() for kind in each]
    with running(folder, receivers=second) as found:
        written = {"site": "lab", "monitor": "mon", "to": to}
        (folder / "receivers.json").write_text(json.dumps(written))
        yield found


@pytest.fixture
def here(told: Running) -> Here:
    return Here(told.url, told.folder / "receivers.json")


def test_each_receiver_is_told_of_by_itself(told: Running, here: Here) -> None:
    found, problems = arrivals(here, ["mon"], ["hook", "other", "chat"])
    assert problems == []
    assert {each.receiver: each.got for each in found} == {
        "hook": True,
        "other": False,
        "chat": True,
    }
    assert exit_code(found, problems) == 3
    # In the words of the version that runs here; on a host they come from the journal.
    assert "connection refused" in reason(told.log(), "other", "webhook")
    sent = told.http.at(HOOK)[0]["alerts"][0]
    assert sent["labels"]["alertname"] == "FirstlightTest"
    assert "TEST" in sent["annotations"]["summary"]
    # An incident that it opened closes by itself.
    assert until(lambda: told.http.alerts(HOOK, "resolved") == ["FirstlightTest"])
    assert told.http.alerts(HOOK) == ["FirstlightTest"]


def test_a_second_test_is_sent_again(told: Running, here: Here) -> None:
    before = len(told.http.alerts(HOOK))
    found, problems = arrivals(here, ["mon"], ["hook"])
    assert [each.got for each in found] == [True] and exit_code(found, problems) == 0
    assert len(told.http.alerts(HOOK)) == before + 1


def test_who_refuses_did_not_get_it(told: Running, here: Here) -> None:
    told.http.refuse.add(HOOK)
    found, _ = arrivals(here, ["mon"], ["hook"])
    told.http.refuse.clear()
    assert [each.got for each in found] == [False]
    why = reason(told.log(), "hook", "webhook")
    assert "403" in why and "SECRET" not in why


def test_what_cannot_be_tested_is_no_success(here: Here, tmp_path: Path) -> None:
    _, problems = arrivals(here, ["mon"], ["nobody-knows"])
    assert "nobody-knows" in str(problems[0]) and "hook" in problems[0].fix
    away = Here(f"http://127.0.0.1:{free_port()}", here.receivers)
    found, problems = arrivals(away, ["mon"], [])
    assert exit_code(found, problems) == 1 and "refused" in str(problems[0])
    nobody = tmp_path / "receivers.json"
    nobody.write_text('{"site": "lab", "monitor": "mon", "to": []}')
    _, problems = arrivals(Here(here.url, nobody), ["mon"], [])
    assert "nobody is told" in str(problems[0])
    with pytest.raises(FirstlightError, match="said nothing"):
        parsed("mon", "bash: python3: command not found", [])
    assert '"only": ["hook"]' in program(["hook"]) and exit_code([], []) == 0


LOGS = (
    'level=error component=dispatcher msg="Notify for alerts failed" num_alerts=1 '
    'err="hook/webhook[0]: notify retry canceled after 5 attempts: Post \\"http://h/SECRET\\": refused"',
    'level=WARN msg="Notify attempt failed, will retry later" component=dispatcher receiver=hook '
    'integration=webhook[0] attempts=1 err="Post \\"https://h/SECRET\\": refused"',
)


@pytest.mark.parametrize("said", LOGS)
def test_the_reason_is_alertmanagers_own_without_the_secret(said: str) -> None:
    text = reason(f"something else\n{said}\n", "hook", "webhook")
    assert "refused" in text and "SECRET" not in text and "(not shown)" in text
    assert reason(said, "other", "webhook") == ""


def test_one_failure_among_many_is_the_exit_code() -> None:
    good = Arrival("mon", "a", "slack", True, 1.0, "")
    bad = Arrival("mon", "b", "email", False, 10.0, "refused")
    problem = FirstlightError("x")
    assert [exit_code([good], []), exit_code([good, bad], [problem])] == [0, 3]
    assert exit_code([good], [problem]) == 1
