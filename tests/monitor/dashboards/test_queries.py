"""Every query of every dashboard has an answer in a real Prometheus with the real rules."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

import pytest

from firstlight.lab.packages import ensure
from firstlight.monitor import dashboards, grafana
from firstlight.monitor.dashboards import EVERYTHING, Scope
from firstlight.monitor.dashboards.scope import DATA_CENTRE, PROFILED
from firstlight.monitor.rules import rules
from firstlight.settings import HostSettings
from tests.monitor.dashboards.conftest import hosts, loaded
from tests.monitor.dashboards.growing import served
from tests.monitor.prometheus.programs import free_port, running
from tests.monitor.queries import empty
from tests.site import MODEL

SECONDS = 40
ENGINES = ("vllm", "sglang", "llamacpp", "tgi", "triton")
Site = dict[str, HostSettings]
Targets = list[tuple[str, str, str, dict[str, str]]]
TARGETS: Targets = [
    *[("node", "node+facts+more-node", "gpu1", {"gpu_class": "datacenter"})],
    *[("node", "node+facts+more-node", "watch1", {"gpu_class": "none"})],
    *[("gpu", "dcgm-datacenter+more-dcgm", "gpu1", {"gpu_class": "datacenter"})],
    *[("edge", "edge", "front1", {"gpu_class": "none"})],
    *[("public", "blackbox", "front1", {"model": "tiny"})],
    *[
        ("engine", name, "gpu1", {"model": "tiny", "replica": "tiny", "engine": name})
        for name in ENGINES
    ],
]


@contextmanager
def watching(folder: Path, site: Site, monitor: str, targets: Targets) -> Iterator[str]:
    """Run a Prometheus that reads ``targets`` once a second by the real rules; yield its URL."""
    ensure(print, {"prometheus": "/usr/bin/promtool"})
    for name, text in rules(site[monitor], site).items():
        (folder / name).write_text(text)
    with served() as port:
        jobs = [
            {
                "job_name": f"{job}-{number}",
                "metrics_path": f"/{page}",
                "static_configs": [
                    {
                        "targets": [f"127.0.0.1:{port}"],
                        "labels": {"job": job, "instance": instance, **labels},
                    }
                ],
            }
            for number, (job, page, instance, labels) in enumerate(targets)
        ]
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(folder / "*.yml")],
            "scrape_configs": jobs,
        }
        (folder / "prometheus.json").write_text(json.dumps(config))
        own = free_port()
        words = ["prometheus", f"--config.file={folder / 'prometheus.json'}"]
        words += [f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{own}"]
        with running(words, folder / "log", own):
            url = f"http://127.0.0.1:{own}"
            yield url


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Prometheus that watches everything there is."""
    folder = tmp_path_factory.mktemp("prometheus")
    with watching(folder, loaded(folder, hosts("h100", "vllm")), "watch1", TARGETS) as url:
        yield url


def left_empty(url: str, scope: Scope) -> str:
    """Return what has no answer in the end: rates need two samples, and rules one another."""
    end = time.monotonic() + SECONDS
    while (found := empty(url, pages(scope), {})) and time.monotonic() < end:
        time.sleep(0.5)
    return "\n".join(found)


def pages(scope: Scope) -> list[dict[str, object]]:
    return [json.loads(text) for text in dashboards.files(scope).values()]


@pytest.mark.parametrize("scope", [EVERYTHING, Scope(EVERYTHING.parts - {DATA_CENTRE, PROFILED})])
def test_no_query_of_a_site_with_everything_is_empty(prometheus: str, scope: Scope) -> None:
    assert left_empty(prometheus, scope) == ""


def test_a_query_that_has_no_answer_is_found(prometheus: str) -> None:
    assert left_empty(prometheus, EVERYTHING) == ""
    page = {**pages(EVERYTHING)[0], "panels": [
        {"title": "gone", "targets": [{"refId": "A", "expr": 'up{instance="nowhere"}'}]},
        {"title": "bad", "targets": [{"refId": "A", "expr": "sum(up"}]},
        {"title": "none", "targets": [{"refId": "A", "expr": "vector(0) / 0"}]},
    ]}  # fmt: skip
    gone, bad, none = empty(prometheus, [page], {})
    assert "gone A: no answer" in gone and "none A: not a number" in none
    assert "bad A: " in bad and "parse error" in bad
    assert empty(prometheus, [page], {}, ["up"]) == [bad, none], "wrong is wrong all the same"


def test_a_variable_narrows_what_is_asked(prometheus: str) -> None:
    assert left_empty(prometheus, EVERYTHING) == ""
    assert empty(prometheus, pages(EVERYTHING), {"instance": "nowhere"})
    assert not empty(prometheus, pages(EVERYTHING), {"model": "tiny"})


def test_no_query_of_one_box_with_a_geforce_is_empty(tmp_path: Path) -> None:
    own = {"model": "tiny", "replica": "tiny", "engine": "llamacpp"}
    targets: Targets = [
        ("node", "node+facts+more-node", "box", {"gpu_class": "geforce"}),
        ("gpu", "dcgm-geforce", "box", {"gpu_class": "geforce"}),
        ("edge", "edge", "box", {"gpu_class": "geforce"}),
        ("public", "blackbox", "box", {"model": "tiny"}),
        ("engine", "llamacpp", "box", own),
    ]
    box = {
        "domain": "llm.example.net",
        "models": [deepcopy(MODEL)],
        "nvidia": {"card": "rtx-4090"},
    }
    site = loaded(tmp_path, {"box": (box, ())})
    scope = grafana.scope(site["box"], site)
    assert not scope.has(["vllm", DATA_CENTRE]) and scope.has(["llamacpp"])
    with watching(tmp_path, site, "box", targets) as url:
        assert left_empty(url, scope) == ""
