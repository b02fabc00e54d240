"""A status of a site, asked of a real Prometheus and a real Alertmanager."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firstlight.errors import FirstlightError
from firstlight.monitor.query import Ask
from firstlight.status import document
from firstlight.status.look import look, scope
from firstlight.status.shown import plain
from firstlight.status.stack import Stack
from tests.unit.status import daemon, site
from tests.unit.status.here import Here


def job(port: int, name: str, instance: str, path: str, **labels: str) -> dict[str, Any]:
    """A target of its own, as a job of many: it serves ``path``."""
    targets = {"targets": [f"127.0.0.1:{port}"], "labels": {"instance": instance, **labels}}
    return {
        "job_name": f"{name}-{instance}-{labels.get('replica')}",
        "metrics_path": path,
        "honor_labels": True,
        "static_configs": [targets],
        "relabel_configs": [{"target_label": "job", "replacement": name}],
    }


def alerting(folder: Path) -> str:
    """Write rules whose alerts fire at once; return the file's name."""
    known = {"summary": f"{site.HOSTILE} is hot", "action": "look", "runbook": "docs/x.md"}
    alerts: list[dict[str, Any]] = [
        {"alert": "GpuMissing", "labels": {"severity": "critical", "instance": "gpu2"}},
        {"alert": "GpuHot", "labels": {"severity": "warning", "instance": "gpu1"}},
        {"alert": "Watchdog", "labels": {"severity": "info"}},
        {"alert": "ModelDown", "labels": {"severity": "critical", "model": "tiny"}},
    ]
    each = [{"expr": "vector(1)", "annotations": known, **alert} for alert in alerts]
    path = folder / "rules.json"
    path.write_text(json.dumps({"groups": [{"name": "a", "rules": each}]}))
    return str(path)


def config(pages: daemon.Pages, folder: Path, alertmanager: int) -> dict[str, Any]:
    """Scrapes the simulated page, and targets that are up and down."""
    pages.texts |= {"/rules": site.page(), "/up": ""}
    engine = {"model": "tiny", "engine": "vllm"}
    odd = {"model": site.HOSTILE, "engine": "llamacpp", "replica": "odd.1"}
    told = {"targets": [f"127.0.0.1:{alertmanager}"]}
    times = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    return {
        "global": {**times, "external_labels": {"site": "lab", "monitor": "mon1"}},
        "rule_files": [alerting(folder)],
        "alerting": {"alertmanagers": [{"static_configs": [told]}]},
        "scrape_configs": [
            job(pages.port, "prometheus", "mon1", "/rules"),
            job(pages.port, "node", "gpu1", "/up"),
            job(pages.port, "node", "gpu2", "/up"),
            job(pages.port, "gpu", "gpu2", "/gone"),
            job(pages.port, "engine", "gpu1", "/up", replica="tiny.1", **engine),
            job(pages.port, "engine", "gpu2", "/up", replica="tiny.2", **engine),
            job(pages.port, "engine", "gpu2", "/gone", **odd),
        ],
    }


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    folder, pages = tmp_path_factory.mktemp("prometheus"), daemon.Pages()
    ports = {"prometheus": daemon.free_port(), "alertmanager": daemon.free_port()}
    made = config(pages, folder, ports["alertmanager"])
    with daemon.alertmanager(folder, ports["alertmanager"]):
        daemon.silence(ports["alertmanager"], {"alertname": "ModelDown"}, "a deploy")
        with daemon.prometheus(folder, made, ports["prometheus"]):
            log, port = folder / "prometheus.log", ports["prometheus"]
            daemon.until(lambda: len(daemon.query(port, "up")) == 7, log)
            daemon.until(lambda: daemon.query(port, "site:power:watts"), log)
            daemon.until(lambda: len(daemon.query(port, "ALERTS")) == 4, log)
            asked = {"notified": Ask("/api/v2/alerts", end="alertmanager")}
            daemon.until(lambda: len(Here(ports).ask("mon1", asked).said("notified")) == 4, log)
            yield Here(ports)
    pages.stop()


@pytest.fixture(scope="module")
def stack(here: Here) -> Stack:
    return look(here, scope(here))


def test_hosts(stack: Stack) -> None:
    one, two, three = stack.hosts
    assert (one.name, one.state, one.silent, one.driver) == ("gpu1", "up", (), "580.82.09")
    assert (two.state, two.silent, two.driver_mismatch) == ("up", ("engine", "gpu"), True)
    assert (two.gpus_expected, two.gpus_usable) == (2, 1)
    assert one.disk == 0.7 and one.certificate_days == pytest.approx(5, abs=0.01)
    assert one.deploy.success is True and two.deploy.success is False
    assert one.deploy.version == "0.7.0" and one.age is not None and one.age < 10
    assert three.cpu is None and three.deploy.time is None


def test_replicas_and_models(stack: Stack) -> None:
    states = {each.replica: each.state for each in stack.replicas}
    assert states == {
        "tiny.1": "serving",
        "old.1": "serving",
        "tiny.2": "drained",
        "odd.1": "down",
    }
    by_name = {each.model: each for each in stack.models}
    tiny, odd = by_name["tiny"], by_name[site.HOSTILE]
    assert (tiny.serving, tiny.replicas, tiny.ttft_p95, tiny.ttft_by) == (1, 2, 0.345, "engine")
    assert (odd.ttft_p95, odd.ttft_by, odd.kv_cache) == (1.25, "edge", None)
    assert tiny.errors == 0.013 and tiny.cost_per_million == 1.875
    assert len(stack.gpus) == 4 and stack.gpus[0].memory_total == 141 * site.GIB


def test_alerts(stack: Stack) -> None:
    assert [(each.name, bool(each.silenced)) for each in stack.alerts] == [
        ("GpuMissing", False),
        ("GpuHot", False),
        ("ModelDown", True),
    ]
    assert "by ops until" in stack.alerts[2].silenced and "a deploy" in stack.alerts[2].silenced
    assert [each.matchers for each in stack.silences] == ['alertname="ModelDown"']
    assert stack.exit_code == 3 and not stack.problems and not stack.notices


@pytest.mark.parametrize("width", [80, 140])
def test_text_holds_at_80_columns_and_shows_nothing_that_steers(stack: Stack, width: int) -> None:
    said = plain(stack, width)
    assert max(len(line) for line in said.splitlines()) <= width
    assert "\x1b" not in said and "\u202e" not in said
    joined = "".join(said.split())
    for wanted in ("gpu2", "GpuMissing", "tiny.2", "H200", "drained", "580.82.09", "EUR/h"):
        assert wanted in joined, said
    if width == 140:
        assert "[red]" in said and "<script>" in said and "\\x1b[31m" in said


def test_json_is_stable_and_plain(stack: Stack) -> None:
    said = json.dumps(document.as_json(stack))
    assert "\x1b" not in said and "NaN" not in said
    found = json.loads(said)
    assert (found["schema"], found["exit"], found["complete"]) == (1, 3, True)
    assert found["alerts"][0]["labels"] == {"instance": "gpu2", "severity": "critical"}
    assert found["hosts"][2]["cpu"] is None


def test_limit(here: Here) -> None:
    found = look(here, scope(here, ("gpu1",)))
    assert [each.name for each in found.hosts] == ["gpu1"]
    assert {each.host for each in found.gpus} == {"gpu1"}
    assert [each.model for each in found.models] == ["old", "tiny"] and found.exit_code == 0
    assert [each.name for each in look(here, scope(here, ("gpu",))).hosts] == ["gpu1", "gpu2"]
    with pytest.raises(FirstlightError, match="no host and no group"):
        scope(here, ("gpu7",))


def test_a_second_monitor_answers_for_the_first(here: Here) -> None:
    two = tuple(site.seen(name, monitors=("mon0", "mon1")) for name in ("gpu1", "mon0", "mon1"))
    pair = Here(here.ports, two, silent=("mon0",))
    found = look(pair, scope(pair, ("gpu1", "mon1")))
    assert pair.asked == ("mon0", "mon1") and not found.problems
    assert "mon0: Prometheus does not answer" in found.notices[0]


def test_hosts_that_only_a_silent_monitor_watches_are_a_problem(here: Here) -> None:
    hosts = (site.seen("gpu1"), site.seen("mon0", monitors=("mon0",)), site.seen("mon1"))
    some = Here(here.ports, hosts, silent=("mon0",))
    found = look(some, scope(some, ("mon0", "gpu1")))
    assert [each.name for each in found.hosts] == ["gpu1"] and found.exit_code == 1
    assert found.problems[0].where == "mon0" and "deploys/monitor.py" in found.problems[0].fix
    with pytest.raises(FirstlightError, match="does not answer"):
        look(some, scope(some, ("mon0",)))
