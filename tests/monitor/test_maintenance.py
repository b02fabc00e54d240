"""Alerts of a run's hosts are silent while it lasts, and no longer: seen at a real receiver."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from firstlight.monitor.maintenance import (
    LASTS,
    RENEWED,
    Silences,
    Watched,
    grace,
    parsed,
    pattern,
    program,
    watched,
)
from tests.monitor.alerting import Running, free_port, running
from tests.monitor.sinks import until
from tests.site import load

HOOK = "/hook/SECRET-one"
HOSTS = ("gpu-1", "gpu-2.example.net")
WORK = Watched(HOSTS, ("org/tiny-1.5",), 15)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("alertmanager")) as found:
        yield found


def put(url: str, lasts: int, had: Silences | None = None) -> Silences:
    text = program(WORK, lasts, had).replace("http://127.0.0.1:9093", url)
    words = [sys.executable, "-I", "-"]
    done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=20, check=True)
    return parsed(done.stdout)


def silences(told: Running) -> list[dict[str, Any]]:
    found = json.loads(told.get("/api/v2/silences"))
    return [each for each in found if each["status"]["state"] == "active"]


def left(told: Running) -> float:
    one, other = silences(told)
    assert one["endsAt"] == other["endsAt"]
    return datetime.fromisoformat(one["endsAt"]).timestamp() - time.time()


def test_hosts_are_silent_until_the_silence_is_cut(told: Running) -> None:
    first = put(told.url, LASTS)
    assert len(first.found) == 2 and not first.error
    assert LASTS - 10 < left(told) <= LASTS <= 30 * 60
    for name in (*HOSTS, "gpu-1x", "xgpu-1", "gpu-2xexample.net"):
        told.fire({"alertname": "EngineDown", "severity": "critical", "instance": name})
    told.fire(
        {"alertname": "ModelDown", "severity": "critical", "model": "org/tiny-1.5"},
        {"alertname": "ModelDown", "severity": "critical", "model": "org/tiny-155"},
    )
    assert until(lambda: told.http.alerts(HOOK).count("EngineDown") >= 3)
    assert until(lambda: "ModelDown" in told.http.alerts(HOOK))
    assert not until(lambda: told.http.alerts(HOOK).count("EngineDown") > 3, 2)
    # Made longer it is the same one still: nothing is told in between.
    longer = put(told.url, LASTS, first)
    assert longer.found == first.found and len(silences(told)) == 2
    ended = put(told.url, 10, longer)
    assert ended.found == first.found and left(told) <= 10
    assert until(lambda: told.http.alerts(HOOK).count("EngineDown") >= 5, 40)
    models = [
        each["labels"]["model"]
        for body in told.http.at(HOOK)
        for each in body["alerts"]
        if each["labels"]["alertname"] == "ModelDown"
    ]
    assert models[0] == "org/tiny-155" and until(
        lambda: told.http.alerts(HOOK).count("ModelDown") > 1
    )


def test_a_run_that_dies_leaves_a_silence_that_ends_by_itself(told: Running) -> None:
    assert RENEWED * 2 < LASTS <= 30 * 60
    put(told.url, 1)
    assert until(lambda: not silences(told))


def test_a_monitor_without_alertmanager_has_nothing_to_silence(told: Running) -> None:
    assert put(f"http://127.0.0.1:{free_port()}", 60) == Silences()
    away = put(told.url + "/else", 60)
    assert away.found == () and away.error.startswith("404")
    assert parsed("no python here").error


def test_a_pattern_means_the_hosts_and_no_others() -> None:
    known = re.compile(pattern(HOSTS))
    assert all(known.fullmatch(name) for name in HOSTS)
    assert not known.fullmatch("gpu-2xexample.net") and not known.fullmatch("gpu-11")
    assert grace(15) == 60


def test_each_monitor_silences_the_hosts_of_the_run_that_it_watches(
    load: Callable[..., Any],
) -> None:
    edge = load().model_copy(update={"name": "edge1", "groups": ("edge",)})
    alone = edge.edge.model_copy(update={"enabled": False})
    gpu = edge.model_copy(update={"name": "gpu1", "groups": ("gpu",), "edge": alone})
    mon = edge.model_copy(update={"name": "mon", "groups": ("monitor",), "edge": alone})
    site = {each.name: each for each in (edge, gpu, mon)}
    assert {k: v.hosts for k, v in watched(site, ["gpu1"]).items()} == {"mon": ("gpu1",)}
    assert watched(site, ["gpu1", "edge1"])["mon"].hosts == ("gpu1", "edge1")
    # Another host still serves it: of the model as a whole nothing is silent.
    assert watched(site, ["gpu1"])["mon"].models == ()
    assert watched(site, site)["mon"].models == ("tiny",)
    off = {name: each for name, each in site.items() if name != "mon"}
    assert set(watched(off, ["edge1"])) == {"edge1"}
    agent = mon.monitor.prometheus.model_copy(update={"mode": "agent"})
    sends = mon.model_copy(update={"monitor": mon.monitor.model_copy(update={"prometheus": agent})})
    assert watched({**site, "mon": sends}, ["gpu1"]) == {}


__all__ = ["load"]
