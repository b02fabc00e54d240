"""Rules of the user's own over metrics that nothing exposes: warned of, by rule, file and line."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from firstlight import adapter, watch_plan
from firstlight.catalogue import supported_system
from firstlight.errors import FirstlightError
from firstlight.facts.probe import Probe
from firstlight.facts.prometheus import MetricNames
from firstlight.monitor import own_names, promql
from tests.facts.shell import gather
from tests.monitor import exposition
from tests.monitor.prometheus.conftest import LoadSite
from tests.monitor.prometheus.programs import free_port, running, until

RULES = """\
groups:
- name: mine
  rules:
  # Written as people write them.
  - alert: Slow
    expr: |
      rate(misspelt_total{code="500"}[5m]) > 1
      and on (instance) (
        max by (instance) (another_one) > 2)
  - record: mine:seconds:sum
    expr: sum(up) + scrape_samples_scraped
  - alert: Known
    expr: mine:seconds:sum > 0 and model:llm_requests:rate5m > 1 or DCGM_FI_DEV_GPU_TEMP > 90
"""


def of(*rules: Path) -> dict[str, Any]:
    """Return the data of a monitor with these files of rules."""
    return {"monitor": {"prometheus": {"rules": [str(path) for path in rules]}}}


@pytest.mark.parametrize(
    ("expr", "found"),
    [
        ("up", ["up"]),
        ('rate(a_total{b="c", d!~"e"}[5m:1m] offset 1h) @ start() > bool 0.5e-3', ["a_total"]),
        ("sum by (job) (a) / on (x) group_left (y) sum without (z) (b:c)", ["a", "b:c"]),
        ("SUM(a) BY (b) AND Inf > -NaN unless c", ["a", "c"]),
        ("histogram_quantile(0.9, sum(rate(h_bucket[2m])) by (le))", ["h_bucket"]),
        ('{__name__="a", b="c"} or {__name__=~"d.*"} or {"e", f="g"}', ["a", "e"]),
        ('label_replace(a, "b", "$1", "c", "(.*)") # d is "no metric', ["a"]),
        ("absent(a{x='}', y=`{`}) or vector(1) or time() > 0x1F", ["a"]),
        ("topk by (b) (3, a) or count_values('v', c)", ["a", "c"]),
        ('a + "unclosed [ { ( by', ["a"]),
        ("", []),
    ],
)
def test_names_of_metrics_in_promql(expr: str, found: list[str]) -> None:
    assert [name for name, _ in promql.names(expr)] == found


def test_an_expression_of_any_size_is_read_at_once() -> None:
    began = time.monotonic()
    for part in ("a_total + ", '"\\', "{", "[", "by (", "`", "'a"):
        promql.names(part * 150_000)
    assert time.monotonic() - began < 20  # one that looks at each twice needs minutes


def test_what_our_own_rules_name_is_what_exporters_tell(site: LoadSite) -> None:
    """The names found in them are metrics, and not words of PromQL or labels."""
    each = site()
    ours = own_names.ours(each["watch1"], each)
    known = exposition.names() | own_names.ALWAYS
    assert not {name for name in ours if ":" not in name and not name.startswith("DCGM_")} - known
    assert {"DCGM_FI_DEV_GPU_TEMP", "firstlight_xid_total", "model:llm_requests:rate5m"} <= ours


def test_each_unknown_metric_is_said_with_rule_file_and_line(
    site: LoadSite, tmp_path: Path
) -> None:
    (path := tmp_path / "mine.yml").write_text(RULES)
    (other := tmp_path / "other.yaml").write_text(
        "groups: [{name: b, rules: [{alert: B, expr: firstlight_edge_request_total > 1}]}]\n"
    )
    each = site(watch1=of(path, other))
    monitor = each["watch1"]
    found = own_names.asked(monitor, each)
    assert [(one.rule, one.line, one.metric) for one in found] == [
        ("Slow", 7, "misspelt_total"),
        ("Slow", 9, "another_one"),
        ("mine:seconds:sum", 11, "scrape_samples_scraped"),
        ("B", 1, "firstlight_edge_request_total"),
    ]
    seen = {"up", "scrape_samples_scraped", "another_one"}
    said = list(own_names.remarks(monitor, each, found, seen))
    assert len(said) == 2
    assert said[0].startswith(f'{path}:7: rule "Slow" names misspelt_total, which nothing here')
    assert (
        said[1].startswith(f'{other}:1: rule "B" names') and "(nearest: firstlight_edge_" in said[1]
    )
    # A first run: nobody can know.
    (line,) = own_names.remarks(monitor, each, found, frozenset())
    assert "has measured nothing yet" in line
    assert list(own_names.remarks(monitor, each, found, seen | {one.metric for one in found})) == []


def test_files_that_others_refuse_name_nothing(tmp_path: Path) -> None:
    for text in (
        "groups: [",
        "- 1\n",
        "groups: 3\n",
        "groups: [{rules: [7, {alert: a}]}]\n",
        "\x00",
    ):
        (path := tmp_path / "mine.yml").write_text(text)
        assert own_names.named([path, tmp_path / "none.yml"]) == []


def test_many_are_not_all_told(site: LoadSite, tmp_path: Path) -> None:
    rules = [f"{{alert: A{number}, expr: no_{number}}}" for number in range(50)]
    (path := tmp_path / "mine.yml").write_text(
        f"groups: [{{name: a, rules: [{', '.join(rules)}]}}]"
    )
    each = site(watch1=of(path))
    found = own_names.asked(each["watch1"], each)
    said = list(own_names.remarks(each["watch1"], each, found, {"up"}))
    assert len(said) == own_names.TOLD + 1 and said[-1].startswith("and 30 more")


def test_the_run_warns_and_goes_on(
    site: LoadSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path := tmp_path / "mine.yml").write_text(RULES)
    each, said, asked = site(watch1=of(path)), list[str](), list[type]()
    system = supported_system("debian", "13")

    def get_fact(kind: type, names: tuple[str, ...]) -> frozenset[str]:
        asked.append(kind)
        return frozenset({"up", *names} - {"misspelt_total"})

    monkeypatch.setattr(watch_plan, "host", SimpleNamespace(get_fact=get_fact))
    monkeypatch.setattr(adapter, "say", said.append)
    watch_plan.require_watch(each["watch1"], each, system, Probe())
    assert [line.partition(", which")[0] for line in said] == [
        f'watch1: WARNING: {path}:7: rule "Slow" names misspelt_total'
    ]
    watch_plan.require_watch(each["gpu1"], each, system, Probe())  # no monitor: nobody is asked
    assert asked == [MetricNames]


def test_the_run_is_refused_for_a_port_and_warns_of_a_small_disk(
    site: LoadSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    each, said, system = site(), list[str](), supported_system("debian", "13")
    monkeypatch.setattr(adapter, "say", said.append)
    foreign = Probe(listeners={9100: frozenset({"node_exporter"})})
    for name in ("gpu1", "watch1"):  # watched only, and a monitor
        with pytest.raises(FirstlightError, match="port 9100 is in use by node_exporter"):
            watch_plan.require_watch(each[name], each, system, foreign)
    small = Probe(free_for_samples=10**9)
    watch_plan.require_watch(each["gpu1"], each, system, small)
    assert said == []
    watch_plan.require_watch(each["watch1"], each, system, small)
    assert len(said) == 1 and said[0].startswith("watch1: WARNING: monitor.prometheus.retention")


def test_no_rules_ask_nobody(site: LoadSite) -> None:
    each = site()
    assert own_names.asked(each["watch1"], each) == []


def test_a_real_prometheus_says_which_names_it_has(tmp_path: Path) -> None:
    own = free_port()
    config = {
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [
            {"job_name": "self", "static_configs": [{"targets": [f"127.0.0.1:{own}"]}]}
        ],
    }
    (tmp_path / "prometheus.yml").write_text(json.dumps(config))
    words = [
        "prometheus", f"--config.file={tmp_path}/prometheus.yml",
        f"--storage.tsdb.path={tmp_path}/data", f"--web.listen-address=127.0.0.1:{own}",
    ]  # fmt: skip
    names = ("up", "prometheus_build_info", "misspelt_total", *(f"no_{n}" for n in range(100)))
    here = {"127.0.0.1:9090": f"127.0.0.1:{own}"}
    with running(words, tmp_path / "prometheus.log", own):
        until(f"http://127.0.0.1:{own}/api/v1/label/__name__/values", "prometheus_build_info")
        found = gather(MetricNames, instead=here, names=names)
    assert found == {"up", "prometheus_build_info"}
    assert gather(MetricNames, instead=here, names=names) == frozenset()  # it does not answer
