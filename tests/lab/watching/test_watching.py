"""A rack that watches itself: brought up by one run, quiet when all is well, and heard when not."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.client import CHAT, Client, chat
from tests.lab.rack import command, firstlight
from tests.lab.watching.busy import Busy
from tests.lab.watching.conftest import MONITOR, NAME, Watched, firing, told_of
from tests.lab.watching.disk import full_disk
from tests.lab.watching.drills import DRILLS, FACTS, FASTER, PROGRAM, alert
from tests.lab.watching.tunnel import tunnel
from tests.monitor import queries

pytestmark = pytest.mark.alone
JOBS = {
    ("node", "lab1"), ("node", "lab2"), ("node", "lab3"), ("gpu", "lab1"), ("gpu", "lab2"),
    ("engine", "lab1"), ("engine", "lab2"), ("edge", "lab3"), ("public", "lab3"),
    ("prometheus", "lab3"), ("alertmanager", "lab3"),
}  # fmt: skip
# What is told of a rack that was made a minute ago, and of nothing that is wrong.
QUIET = {"Watchdog"}
HEARD_SECONDS, OVER_SECONDS = 180, 180
PAGES = r"for page in $(find /etc/firstlight/grafana/dashboards -name '*.json'); do cat $page; printf '\0'; done"


def asked(client: Client, model: str, tokens: int = 8) -> int:
    """Ask for a short answer; return the status."""
    return client.ask(CHAT, {**chat(tokens), "model": model}).status


def test_one_run_brings_it_all_up(watched: Watched) -> None:
    assert watched.first.code == 0, watched.first.text
    deadline = time.monotonic() + 60
    while True:
        up = {(each["metric"]["job"], each["metric"]["instance"]): each["value"][1]
              for each in watched.ask("up")}  # fmt: skip
        if set(up) == JOBS and set(up.values()) == {"1"}:
            return
        assert time.monotonic() < deadline, up
        time.sleep(2)


def test_a_second_run_changes_nothing(watched: Watched) -> None:
    run = watched.deploy("--json")
    assert run.code == 0, run.text
    totals = json.loads(run.out)["results"]["totals"]
    assert totals["success"] == totals["error"] == 0, run.text


def test_nobody_but_the_monitor_reads_what_is_measured(watched: Watched) -> None:
    """Neither without its certificate, nor past the door."""
    door = "curl -sk -o /dev/null -w '%{http_code}' -m 5 https://$1:9443/node"
    address = watched.rack.address("lab1")
    said = watched.rack.sh(MONITOR, f"set -- {address}; {door}").out
    assert said == "400"
    listening = watched.rack.sh("lab1", "ss -Htln | awk '{print $4}'").out.split()
    for port in ("9100", "9400", "9090", "9093", "9115", "3000"):
        found = {each.rpartition(":")[0] for each in listening if each.endswith(f":{port}")}
        assert found <= {"127.0.0.1"}, (port, found)
    for port in (9100, 9090, 9093, 9115, 3000):
        refused = f"curl -s -m 3 http://{watched.rack.address(MONITOR)}:{port}/; echo $?"
        assert watched.rack.sh("lab1", refused).out.strip() in ("7", "28"), port


def test_every_query_of_every_dashboard_has_an_answer(watched: Watched) -> None:
    client = watched.rack.client(MONITOR)
    for _ in range(12):
        assert asked(client, "tiny") == asked(client, "second") == 200
    pages = watched.rack.sh(MONITOR, PAGES).out.split("\0")[:-1]
    assert len(pages) == 6
    with tunnel(watched.rack.state, MONITOR, 9090) as url:
        deadline = time.monotonic() + 90
        while left := queries.empty(url, map(json.loads, pages), {}, besides=queries.LAB):
            assert time.monotonic() < deadline, "\n".join(left)
            assert asked(client, "tiny") == asked(client, "second") == 200
            time.sleep(3)


def test_grafana_is_behind_tls_and_asks_who_it_is(watched: Watched) -> None:
    ca = watched.rack.state.state_dir / "ca" / "ca.crt"
    client = replace(watched.rack.client(MONITOR), ca=ca)
    url = f"https://{client.domain}:3443"
    words = ("curl", "-sS", "--cacert", str(ca), "-m", "10",
             "--resolve", f"{client.domain}:3443:{client.address}")  # fmt: skip
    health = command(*words, f"{url}/api/health")
    assert json.loads(health.out)["database"] == "ok", health.text
    refused = command(*words, "-o", "/dev/null", "-w", "%{http_code}", f"{url}/api/search")
    assert refused.out == "401", refused.text


def test_status_shows_a_live_stack(watched: Watched) -> None:
    shown = told_of("status", "--json")
    assert shown.code == 0, shown.text
    found = json.loads(shown.out)
    assert {each["model"] for each in found["models"]} == {"tiny", "second"}
    assert {each["name"] for each in found["hosts"]} == {"lab1", "lab2", "lab3"}


def test_a_test_alert_arrives(watched: Watched) -> None:
    run = told_of("alert", "test")
    assert run.code == 0, run.text
    assert any("test" in each.labels["alertname"].lower() for each in watched.receiver.told)


def test_when_all_is_well_nobody_is_told_of_anything(watched: Watched) -> None:
    watched.rack.sh(MONITOR, FASTER)
    deadline = time.monotonic() + 60
    while firing(watched) != QUIET:  # what the bringing up itself made, and traffic of before
        assert time.monotonic() < deadline, firing(watched)
        time.sleep(2)
    watched.receiver.told.clear()
    time.sleep(20)
    assert [each.labels for each in watched.receiver.told if each.status == "firing"] == []


def test_every_fault_is_told_and_its_end(watched: Watched, tmp_path: Path) -> None:
    busy = Busy(watched.rack, MONITOR)
    alerts = [drill.alert for drill in DRILLS.values()] + busy.alerts
    try:
        for drill in DRILLS.values():
            watched.rack.sh(drill.host, drill.cause)
        with full_disk(watched.rack, "lab1", tmp_path):
            alerts.append(alert("DiskFull", instance="lab1", mountpoint="/srv/drill"))
            busy.start()  # last: hosts that have so much to do let nobody in for a while
            assert watched.receiver.wait("firing", alerts, HEARD_SECONDS) == []
            assert told_of("status", "--json").code == 3
            busy.end()
    finally:
        busy.end()
        for drill in DRILLS.values():
            watched.rack.sh(drill.host, drill.cure)
    assert watched.receiver.wait("resolved", alerts, OVER_SECONDS) == []
    told = next(each for each in watched.receiver.told if each.fits("firing", alerts[0]))
    assert told.annotations["summary"] and told.annotations["action"]
    assert Path(told.annotations["runbook"]).is_file()


def test_a_gpu_that_fell_and_a_host_that_is_off(watched: Watched) -> None:
    fell = alert("GpuFallenOffBus", instance="lab2", severity="critical")
    watched.rack.sh("lab2", f"{PROGRAM} fall 1; {FACTS}")
    assert watched.receiver.wait("firing", [fell], HEARD_SECONDS) == []
    firstlight("lab", "poweroff", "--name", NAME, "lab2")
    off = alert("HostDown", instance="lab2", severity="critical")
    assert watched.receiver.wait("firing", [off], HEARD_SECONDS) == []
    firstlight("lab", "up", "--name", NAME, timeout=300)
    assert watched.receiver.wait("resolved", [off, fell], OVER_SECONDS) == []
