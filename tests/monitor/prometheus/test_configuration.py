"""prometheus.yml of a monitor: who is read, under which labels; and what promtool says to it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from firstlight.monitor.release import release_of
from firstlight.monitor.service import PROBER, UNIT, arguments, drop_ins
from firstlight.settings import HostSettings
from firstlight.settings.problem import SettingsError
from firstlight.settings.prometheus import Prometheus
from tests.monitor.prometheus.conftest import LoadSite
from tests.monitor.prometheus.programs import written

MODELS: tuple[dict[str, Any], ...] = (
    {"gpus": 0},
    {"engine": "vllm", "port": 8010, "replicas": 2, "gpus": 1},
    {"engine": "ollama", "port": 8020, "gpus": 1},
)
RULES = {"a.yml": "groups: [{name: a, rules: [{record: 'a:b:c', expr: up}]}]\n"}
AGENT = {"mode": "agent", "remote_write": [{"url": "https://m.example.net/write"}]}


def loaded(monitor: HostSettings, site: dict[str, HostSettings]) -> dict[str, Any]:
    text = release_of(monitor, site, RULES).files["prometheus.yml"]
    found: dict[str, Any] = yaml.safe_load(str(text))
    return found


def targets(found: dict[str, Any], job: str) -> list[tuple[str, dict[str, str]]]:
    jobs = {each["job_name"]: each for each in found["scrape_configs"]}
    static = jobs[job]["static_configs"] if job in jobs else []
    return [(each["targets"][0], each["labels"]) for each in static]


def promtool(release: Any, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["promtool", "check", "config", *words, f"{written(release, folder)}/prometheus.yml"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_every_page_is_read_under_its_labels(site: LoadSite) -> None:
    each = site(MODELS, gpu1={"nvidia": {"card": "h100"}})
    found = loaded(each["watch1"], each)
    assert found["global"]["external_labels"] == {"site": "lab", "monitor": "watch1"}
    nodes = targets(found, "node")
    assert [address for address, _ in nodes] == ["192.0.2.1:9443", "[2001:db8::2]:9443", "127.0.0.1:9443"]  # fmt: skip
    assert [(at["instance"], at["gpu_class"], at["__metrics_path__"]) for _, at in nodes] == [
        ("front1", "none", "/node"),
        ("gpu1", "datacenter", "/node"),
        ("watch1", "none", "/node"),
    ]
    assert [at["instance"] for _, at in targets(found, "edge")] == ["front1"]
    # Ollama has no metrics of its own.
    assert [
        (at["__metrics_path__"], at["model"], at["replica"], at["engine"], at["instance"])
        for _, at in targets(found, "engine")
    ] == [
        ("/engine/tiny", "tiny", "tiny", "llamacpp", "gpu1"),
        ("/engine/qwen3-8b", "qwen3-8b", "qwen3-8b", "vllm", "gpu1"),
        ("/engine/qwen3-8b.2", "qwen3-8b", "qwen3-8b.2", "vllm", "gpu1"),
    ]
    public = targets(found, "public")
    assert [(at["instance"], at["model"], at["__param_module"]) for _, at in public] == [
        ("front1", name, f"front1/{name}") for name in ("tiny", "qwen3-8b", "qwen3")
    ]
    assert all({"instance", "gpu_class"} <= set(at) for job in ("prometheus", "alertmanager") for _, at in targets(found, job))  # fmt: skip


def test_hosts_with_the_dcgm_exporter_are_read_for_their_gpus(site: LoadSite) -> None:
    image = "nvcr.io/nvidia/k8s/dcgm-exporter@sha256:" + "1" * 64
    each = site(gpu1={"monitor": {"gpus": {"image": image}}, "nvidia": {"count": 1}})
    found = loaded(each["watch1"], each)
    assert [at["instance"] for _, at in targets(found, "gpu")] == ["gpu1"]
    (job,) = [job for job in found["scrape_configs"] if job["job_name"] == "gpu"]
    assert job["metric_relabel_configs"] == [{"regex": "[Hh]ostname", "action": "labeldrop"}]


def test_known_classes_win(site: LoadSite) -> None:
    each = site(({"engine": "vllm"},))
    release = release_of(each["watch1"], each, {}, {"gpu1": "datacenter"})
    found = yaml.safe_load(str(release.files["prometheus.yml"]))
    assert [at["gpu_class"] for _, at in targets(found, "node")] == ["none", "datacenter", "none"]


def test_one_box_watches_itself(site: LoadSite) -> None:
    each = site()
    del each["watch1"]
    found = loaded(each["front1"], each)
    assert [at["instance"] for _, at in targets(found, "node")] == ["front1", "gpu1"]
    # What is on itself it finds whatever address it has today; others where they are.
    assert [at for at, _ in targets(found, "node")] == ["127.0.0.1:9443", "[2001:db8::2]:9443"]
    ((_, probe),) = targets(found, "public")
    assert probe["model"] == "tiny"
    assert probe["__param_target"] == "https://127.0.0.1:443/models/tiny/v1/chat/completions"


@pytest.mark.parametrize("own", [{}, AGENT], ids=["server", "agent"])
def test_promtool_takes_it(site: LoadSite, tmp_path: Path, own: dict[str, Any]) -> None:
    password, ca = tmp_path / "password", tmp_path / "ca.crt"
    password.write_text("pw-7secret\n")
    password.chmod(0o600)
    site()  # makes the CA
    ca.write_text(release_text(site, "ca.crt"))
    to = {"url": "https://m.example.net/w", "username": "u", "password": str(password), "ca": str(ca)}  # fmt: skip
    more = {"prometheus": {**own, "remote_write": [to], "labels": {"datacentre": "b 2"}}}
    each = site(MODELS, watch1={"monitor": more})
    release = release_of(each["watch1"], each, RULES)
    words = ["--agent"] if own else []
    done = promtool(release, tmp_path / "release", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("1 rule" in done.stdout) == (not own)
    text = str(release.files["prometheus.yml"])
    assert "pw-7secret" not in text and "password_file: remote-0.password" in text
    assert ("rule_files" in text) == ("alerting" in text) == (not own)
    if own:  # what a server has is not for an agent
        wrong = release_of(site()["watch1"], site(), RULES)
        assert promtool(wrong, tmp_path / "wrong", *words).returncode != 0


def release_text(site: LoadSite, name: str) -> str:
    each = site()
    return str(release_of(each["watch1"], each, {}).files[name])


def test_the_name_is_that_of_the_content(site: LoadSite) -> None:
    each = site()
    first = release_of(each["watch1"], each, RULES)
    assert release_of(each["watch1"], each, RULES) == first
    other = release_of(each["watch1"], each, {"a.yml": RULES["a.yml"] + "\n"})
    assert other.name != first.name
    # Alerts would forget how long they are pending if the path of their rule changed.
    for release in (first, other):
        assert yaml.safe_load(str(release.files["prometheus.yml"]))["rule_files"] == ["rules/a.yml"]


def test_arguments_by_version() -> None:
    own = Prometheus.model_validate({"retention_days": 7, "retention_size": "1GiB"})
    words = arguments(own, "2.42.0")
    assert "--web.listen-address=127.0.0.1:9090" in words
    assert "--storage.tsdb.retention.time=7d" in words
    assert "--storage.tsdb.retention.size=1073741824B" in words
    agent = Prometheus.model_validate({"mode": "agent"})
    assert "--enable-feature=agent" in arguments(agent, "2.53.3")
    assert "--agent" in arguments(agent, "3.5.0")
    assert not [word for word in arguments(agent, "3.5.0") if "tsdb" in word or "query" in word]


def test_a_drop_in_is_known_by_its_mark() -> None:
    one, other = (
        drop_ins(Prometheus.model_validate({"memory": memory}), "2.53.3")
        for memory in ("2GB", "3GB")
    )
    assert one[UNIT] != other[UNIT] and one[PROBER] == other[PROBER]
    marks = [text.split("FIRSTLIGHT_DROP_IN=")[1].split()[0] for text in (one[UNIT], other[UNIT])]
    assert len(set(marks)) == 2 and all(len(mark) == 16 for mark in marks)
    assert "MemoryMax=2000000000" in one[UNIT] and "GOMEMLIMIT=1800000000" in one[UNIT]


@pytest.mark.parametrize("interval", [0, 61, 3600])
def test_rules_see_two_samples_in_two_minutes(site: LoadSite, interval: int) -> None:
    with pytest.raises(SettingsError, match=r"monitor\.interval: found"):
        site(watch1={"monitor": {"interval": interval}})
