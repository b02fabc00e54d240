"""Alerts go to whom the settings name, once, in words that help: seen at real receivers."""

from __future__ import annotations

import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstlight.monitor import alertmanager as configuration
from firstlight.monitor.alertmanager import loaded_as
from firstlight.monitor.receivers import matcher
from tests.monitor.alerting import SECRETS, Running, programs, running, settings, write
from tests.monitor.sinks import until

HOOK, CHAT, PAGER, BEAT = "/hook/SECRET-one", "/chat/SECRET-three", "/pager", "/beat/SECRET-five"
HOT = {"alertname": "GpuHot", "severity": "critical", "instance": "gpu1", "gpu": "3"}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    watchdog = {"secret_url": "beat-url"}
    with running(tmp_path_factory.mktemp("alertmanager"), watchdog=watchdog) as found:
        yield found


def test_a_critical_alert_reaches_everybody_with_what_helps(told: Running) -> None:
    told.fire(HOT)
    assert until(lambda: told.http.at(HOOK) and told.http.at(CHAT) and told.http.at(PAGER))
    assert until(lambda: told.mail.mails)
    hook = next(each for each in told.http.posts if each[0] == HOOK)
    assert hook[1] == "Bearer SECRET-two"
    assert hook[2]["alerts"][0]["annotations"]["runbook"] == "docs/runbooks/Hot.md"
    chat = told.http.at(CHAT)[0]
    assert chat["channel"] == "#llm"
    page = told.http.at(PAGER)[0]
    assert page["routing_key"] == "SECRET-four" and page["payload"]["severity"] == "critical"
    title = "FIRING: GpuHot (critical) on gpu1"
    assert page["payload"]["summary"] == chat["attachments"][0]["title"] == title
    mail = told.mail.mails[0].replace("=\r\n", "")
    assert f"Subject: {title}" in mail and "text/html" not in mail
    for text in (chat["attachments"][0]["text"], page["payload"]["custom_details"]["text"], mail):
        for line in (
            "it is hot",
            "Host: gpu1",
            "GPU: 3",
            "What to do: cool it",
            "Runbook: docs/runbooks/Hot.md",
            "Since: ",
        ):
            assert line in text


def test_a_warning_pages_nobody_and_what_is_over_is_told(told: Running) -> None:
    warm = {"alertname": "GpuWarm", "severity": "warning", "instance": "gpu2"}
    told.fire(warm)
    assert until(lambda: "GpuWarm" in told.http.alerts(HOOK))
    told.fire(warm, lasts=0)
    assert until(lambda: "GpuWarm" in told.http.alerts(HOOK, "resolved"))
    assert not [each for each in told.http.at(PAGER) if "GpuWarm" in str(each)]


def test_an_alert_of_peoples_own_without_a_severity_is_a_warning(told: Running) -> None:
    told.fire({"alertname": "OursBare"}, {"alertname": "OursOdd", "severity": "page"})
    assert until(lambda: {"OursBare", "OursOdd"} <= set(told.http.alerts(HOOK)))
    assert not [each for each in told.http.at(PAGER) if "Ours" in str(each)]


@pytest.mark.parametrize(
    ("severities", "found"),
    [
        (("critical", "warning"), 'severity!~"info"'),
        (("critical",), 'severity=~"critical"'),
        (("warning",), 'severity!~"critical|info"'),
        (("info", "critical"), 'severity=~"info|critical"'),
        (("critical", "warning", "info"), 'severity=~".*"'),
    ],
)
def test_no_alert_is_nobodys(severities: tuple[str, ...], found: str) -> None:
    assert matcher(severities) == found


def test_a_host_that_is_down_and_a_worse_alert_silence_the_rest(told: Running) -> None:
    told.fire(
        {"alertname": "HostDown", "severity": "critical", "instance": "gpu7"},
        {"alertname": "DiskFull", "severity": "critical", "instance": "gpu8", "mountpoint": "/"},
    )
    assert until(lambda: {"HostDown", "DiskFull"} <= set(told.http.alerts(HOOK)))
    told.fire(
        {"alertname": "EngineDown", "severity": "critical", "instance": "gpu7", "replica": "a"},
        {"alertname": "DiskFull", "severity": "warning", "instance": "gpu8", "mountpoint": "/"},
        {"alertname": "DiskFull", "severity": "warning", "instance": "gpu8", "mountpoint": "/srv"},
        {"alertname": "EngineDown", "severity": "critical", "instance": "gpu9", "replica": "a"},
    )
    assert until(lambda: "EngineDown" in told.http.alerts(HOOK))
    assert until(lambda: told.http.alerts(HOOK).count("DiskFull") > 1)
    labels = [each["labels"] for body in told.http.at(HOOK) for each in body["alerts"]]
    assert {each["instance"] for each in labels if each["alertname"] == "EngineDown"} == {"gpu9"}
    full = {
        each["mountpoint"]
        for each in labels
        if each["alertname"] == "DiskFull" and each["severity"] == "warning"
    }
    assert full == {"/srv"}


def test_signs_of_life_go_to_the_dead_mans_switch_alone_and_again_and_again(told: Running) -> None:
    told.fire({"alertname": "Watchdog", "severity": "info"})
    assert until(lambda: len(told.http.alerts(BEAT)) >= 3)
    told.fire({"alertname": "Watchdog", "severity": "info"}, lasts=0)
    assert not until(lambda: told.http.alerts(BEAT, "resolved"), 4)  # it would be a sign of life
    assert "Watchdog" not in told.http.alerts(HOOK)


def test_no_secret_is_shown(told: Running) -> None:
    told.http.refuse.add(HOOK)
    told.fire({**HOT, "alertname": "Refused"})
    assert until(lambda: "hook/webhook" in told.log() and "Refused" in told.log())
    told.http.refuse.clear()
    shown = told.get("/api/v2/status") + told.get("/metrics") + told.get("/api/v2/receivers")
    line = Path(f"/proc/{told.pid}/cmdline").read_text() + told.log()
    said = subprocess.run(
        [programs() / "prometheus-alertmanager", "--version"],
        capture_output=True,
        text=True,
        check=False,
    )
    shown += line
    if "version 0.25" in said.stdout + said.stderr:  # shows webhooks' URLs: the role refuses them
        for url in (SECRETS["hook-url"], SECRETS["beat-url"]):
            shown = shown.replace(url.format(http=told.http.port), "")
    assert "Refused" in shown and "SECRET" not in shown


def test_it_says_itself_what_it_has_loaded(told: Running) -> None:
    def loaded() -> str:
        lines = told.get("/metrics").splitlines()
        number = next(each for each in lines if each.startswith("alertmanager_config_hash "))
        return str(int(float(number.split()[1])))

    before = loaded()
    assert before == loaded_as((told.folder / "alertmanager.yml").read_text())
    changed = settings(told.http.port, told.mail.port, interval=2)
    text = write(told.folder, changed, told.http.port)
    assert loaded_as(text) != before
    os.kill(told.pid, signal.SIGHUP)
    assert until(lambda: loaded() == loaded_as(text))
    urllib.request.urlopen(f"{told.url}/-/healthy", timeout=5).close()


def test_each_message_text_change_is_seen_in_the_configuration() -> None:
    alerts = settings(1, 2, receivers={})
    one, other = (
        configuration.text(alerts, lambda *_: None, "/f", {"firstlight.tmpl": text})  # type: ignore[arg-type, return-value]
        for text in ("a", "b")
    )
    assert loaded_as(one.reveal()) != loaded_as(other.reveal())
