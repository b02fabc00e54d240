"""The last run: one that ended well, one that failed, one that goes on, one that was lost."""

from __future__ import annotations

import datetime
import json
from typing import Any

from firstlight import receipt
from firstlight.exporter import deploys
from firstlight.exporter.page import Page
from firstlight.last_run import FAILED, RUNNING, WELL, LastRun
from tests.unit.exporter.machine import SPEC, Machine, samples

BEGAN, ENDED = "2026-11-21T18:35:33+00:00", "2026-11-21T18:36:33+00:00"
AT = 1795286133


def told(machine: Machine) -> dict[str, float]:
    page = Page()
    deploys.told(page, SPEC, machine.root)
    return samples(page)


def mark(machine: Machine, result: Any, **run: str) -> None:
    run = {"began": BEGAN, "version": "0.1.0", "lock": "abc", **run}
    machine.put("/run.json", LastRun(result, **run).text)


def test_one_that_ended_well(machine: Machine) -> None:
    mark(machine, WELL, ended=ENDED)
    assert told(machine) == {
        "deploy_time_seconds": AT + 60,
        "deploy_running": 0,
        "deploy_success": 1,
        'deploy_info{lock="abc",version="0.1.0"}': 1,
    }


def test_one_that_failed_says_where(machine: Machine) -> None:
    mark(machine, FAILED, ended=ENDED, operation="Edge | Serve the edge's release")
    found = told(machine)
    assert found["deploy_success"] == 0
    [info] = [name for name in found if name.startswith("deploy_info")]
    assert 'operation="Edge | Serve the edge\'s release"' in info


def test_one_that_goes_on_has_not_failed(machine: Machine) -> None:
    now = datetime.datetime.now(datetime.UTC)
    mark(machine, RUNNING, began=(now - datetime.timedelta(minutes=50)).isoformat())
    found = told(machine)
    assert found["deploy_running"] == 1 and "deploy_success" not in found


def test_one_whose_control_machine_is_gone_has(machine: Machine) -> None:
    began = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=61)
    mark(machine, RUNNING, began=began.isoformat())
    found = told(machine)
    assert found["deploy_running"] == found["deploy_success"] == 0
    assert found["deploy_time_seconds"] == int(began.timestamp())


def test_where_no_run_was_marked_the_receipt_counts(machine: Machine) -> None:
    assert told(machine) == {}
    machine.put("/receipt.json", receipt.as_text({"finished": ENDED, "firstlight": "0.1.0"}))
    found = told(machine)
    assert found["deploy_success"] == 1 and found["deploy_time_seconds"] == AT + 60
    assert 'deploy_info{version="0.1.0"}' in found
    mark(machine, FAILED)
    assert told(machine)["deploy_success"] == 0


def test_what_cannot_be_read_tells_nothing(machine: Machine) -> None:
    for text in ("", "{", "[]", json.dumps({"result": "running"}), json.dumps({"began": BEGAN})):
        machine.put("/run.json", text)
        assert told(machine) == {}, text
