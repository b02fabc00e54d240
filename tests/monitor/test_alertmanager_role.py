"""What a monitor's Alertmanager is given: private, checked before it replaces anything."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firstlight.monitor import alertmanager as configuration
from firstlight.monitor.alertmanager import FOLDER
from firstlight.operations.files import Directory, File
from firstlight.secret import Secret
from firstlight.secrets.needed import needed
from firstlight.secrets.resolved import resolved
from firstlight.settings import HostSettings, SettingsError
from roles.alertmanager import CHECK, HIDES_URLS, beside, drop_in, endpoints, hidden, items
from tests.monitor.alerting import programs
from tests.site import load
from tests.stubs import Stubs, stubs

MAIL = {"to": ["a@example.net"], "sender": "b@example.net", "server": "mail.example.net"}
RECEIVERS: dict[str, Any] = {
    "chat": {"slack": {"url": "chat-url"}},
    "mail": {"email": {**MAIL, "user": "u", "password": "mail-password"}},
    "pager": {"pagerduty": {"key": "pager-key"}},
}


@pytest.fixture
def site(load: Callable[..., HostSettings], tmp_path: Path) -> Callable[..., HostSettings]:
    for name, text in {
        "chat-url": "https://hooks.example.net/SECRET-chat",
        "mail-password": "SECRET-mail",
        "pager-key": "SECRET-pager",
        "beat-url": "https://beat.example.net:8443/SECRET-beat",
        "no-url": "SECRET-no-url",
    }.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)

    def made(**alerts: Any) -> HostSettings:
        return load(monitor={"alerts": {"receivers": RECEIVERS, **alerts}})

    return made


def given(settings: HostSettings) -> list[File | Directory]:
    alerts = settings.monitor.alerts
    text = configuration.text(alerts, resolved, FOLDER, beside(alerts))
    return items(settings, text)


def test_secrets_are_in_one_private_file(site: Callable[..., HostSettings]) -> None:
    settings = site(watchdog={"secret_url": "beat-url"})
    for each in given(settings):
        assert not int(each.mode, 8) & 0o007 and each.group == "prometheus"
        if isinstance(each, File):
            holds = b"SECRET" in each.data
            assert (
                holds == each.path.endswith("alertmanager.yml") == isinstance(each.content, Secret)
            )
    assert "SECRET" not in repr(given(settings)) + drop_in()[0]
    keys = [each.key for each in needed(settings) if each.part == "alerts"]
    assert keys == [
        'monitor.alerts.receivers["chat"].slack.url',
        'monitor.alerts.receivers["mail"].email.password',
        'monitor.alerts.receivers["pager"].pagerduty.key',
        "monitor.alerts.watchdog.secret_url",
    ]


def test_receivers_are_tried_by_host_and_port_alone(site: Callable[..., HostSettings]) -> None:
    alerts = site(watchdog={"secret_url": "beat-url"}).monitor.alerts
    assert endpoints(alerts) == {
        "hooks.example.net:443": ("chat",),
        "mail.example.net:587": ("mail",),
        "events.pagerduty.com:443": ("pager",),
        "beat.example.net:8443": ("watchdog",),
    }
    assert hidden(alerts) and not hidden(site().monitor.alerts)


def checked(
    tmp_path: Path, files: list[bytes], stubs: Stubs, check: str = CHECK
) -> subprocess.CompletedProcess[str]:
    stage = tmp_path / "stage"
    stage.mkdir(parents=True)
    for place, content in enumerate(files):
        (stage / str(place)).write_bytes(content)
    env = {**stubs.env, "PATH": f"{stubs.env['PATH']}:{programs()}:{os.environ['PATH']}"}
    text = check.replace(FOLDER, str(tmp_path / "old"))
    return subprocess.run(
        ["sh", "-euc", text], cwd=stage, capture_output=True, text=True, env=env, check=False
    )


def test_what_amtool_refuses_replaces_nothing(
    site: Callable[..., HostSettings], tmp_path: Path, stubs: Stubs
) -> None:
    texts = [each.data for each in given(site()) if isinstance(each, File)]
    good = checked(tmp_path / "good", texts, stubs)
    assert good.returncode == 0, good.stderr
    for place, (old, new) in enumerate(
        [
            (b"receiver: chat", b"receiver: https://h/SECRET"),
            (b'{{ define "firstlight.title" -}}', b'{{ define "firstlight.title" }} {{ if }}'),
        ]
    ):
        broken = [each.replace(old, new) for each in texts]
        assert broken != texts
        done = checked(tmp_path / str(place), broken, stubs)
        assert done.returncode == 1 and "FAILED" in done.stderr
        assert "SECRET" not in done.stderr


@pytest.mark.parametrize(
    ("version", "code"),
    [("0.23.0", 1), ("0.25.0+ds", 1), ("0.26.0", 0), ("0.33.1", 0), ("1.0.0", 0)],
)
def test_an_alertmanager_that_shows_webhooks_urls_gets_none(
    tmp_path: Path, stubs: Stubs, version: str, code: int
) -> None:
    stubs.add("prometheus-alertmanager", f"echo 'alertmanager, version {version} (branch: x)' >&2")
    done = checked(tmp_path, [], stubs, HIDES_URLS)
    assert done.returncode == code and ("shows the URLs" in done.stderr) == bool(code)


def test_a_secret_that_is_no_url_is_not_shown(site: Callable[..., HostSettings]) -> None:
    with pytest.raises(Exception, match="the URL of a receiver of alerts is none") as caught:
        given(site(receivers={"chat": {"slack": {"url": "no-url"}}}))
    (before,) = configuration.obstacles(site(receivers={"chat": {"slack": {"url": "no-url"}}}))
    for said in (str(caught.value), str(before)):
        assert "SECRET" not in said and "no-url" in said
    (missing,) = configuration.obstacles(
        site(receivers={"chat": {"slack": {"url": {"env": "NOT_SET"}}}})
    )
    assert 'receivers["chat"].slack.url' in missing.where
    assert list(configuration.obstacles(site())) == []


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"chat": {}}, "expected one of email, webhook, slack and pagerduty"),
    ({"nobody": RECEIVERS["chat"]}, "another name"),
    ({"chat": {"webhook": {}}}, "url, or secret_url"),
    ({"mail": {"email": {**MAIL, "user": "u"}}}, "user and password together"),
    (
        {"mail": {"email": {**MAIL, "user": "u", "password": "mail-password", "tls": False}}},
        "tls where there is a password",
    ),
    ({"chat": {"slack": {"url": "https://hooks.example.net/T0/abcdefgh1234"}}}, "not the secret"),
    ({"chat": {"slack": {"url": "missing"}}}, "missing"),
    ({"mail": {"email": {**MAIL, "ca": "no.pem"}}}, "no file"),
    ({"mail": {"email": {**MAIL, "to": ["nobody"]}}}, "an e-mail address"),
    ({"chat": {**RECEIVERS["chat"], "severities": ["fatal"]}}, "critical"),
    ({"chat": {**RECEIVERS["chat"], "repeat": 1}}, "at least monitor.alerts.interval"),
]


@pytest.mark.parametrize(("receivers", "said"), WRONG)
def test_what_is_wrong_is_said(
    site: Callable[..., HostSettings], receivers: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        site(receivers=receivers)
    assert re.search(said, str(caught.value)), str(caught.value)
    assert "abcdefgh1234" not in str(caught.value)


def test_who_tests_alerts_knows_names_and_kinds(site: Callable[..., HostSettings]) -> None:
    written = next(
        each for each in given(site()) if isinstance(each, File) and each.path.endswith(".json")
    )
    assert [each["integration"] for each in json.loads(written.data)["to"]] == [
        "slack",
        "email",
        "pagerduty",
    ]


__all__ = ["load", "stubs"]
