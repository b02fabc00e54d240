"""Secrets of a monitor: written for those alone who read them, and never shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firstlight.catalogue import systems
from firstlight.operations.files import File
from firstlight.secret import Secret
from roles.alertmanager import RECEIVERS
from tests.roles.hosts import bare
from tests.roles.stage import Played, Stage
from tests.roles.watched_site import GRAFANA, site

PRIVATE = {
    "root:root": ("600", "400"),
    "root:prometheus": ("640",),
    "root:firstlight-grafana": ("640",),
}
SECRETS = {
    "slack": "https://hooks.example.net/services/T0/B0/slack-word",
    "pagerduty": "pagerduty-key-0123456789abcdef",
    "token": "webhook-token-word",
    "mail": "mail-password-word",
    "store": "remote-write-word",
    "beat": "https://beat.example.net/ping/heartbeat-word",
}


@pytest.fixture
def told(stage: Stage, tmp_path: Path) -> Played:
    """The plan of a monitor with a receiver of every kind, each with a secret of its own."""
    for name, secret in SECRETS.items():
        path = tmp_path / f"secrets/{name}"
        path.write_text(secret)
        path.chmod(0o600)
    mail = {
        "to": ["ops@example.net"],
        "sender": "mon@example.net",
        "server": "mail.example.net",
        "user": "mon",
    }
    receivers = {
        "team": {"slack": {"url": "secrets/slack"}},
        "oncall": {"pagerduty": {"key": "secrets/pagerduty"}},
        "hook": {"webhook": {"url": "https://hook.example.net/", "token": "secrets/token"}},
        "mail": {"email": {**mail, "password": "secrets/mail"}},
    }
    alerts = {"receivers": receivers, "watchdog": {"secret_url": "secrets/beat"}}
    store = {"url": "https://m.example.net/write", "username": "us", "password": "secrets/store"}
    inventory = site(tmp_path, **GRAFANA, alerts=alerts, prometheus={"remote_write": [store]})
    return stage.play(inventory, bare(systems()["debian 13"]), watched=True)


def test_secrets_are_for_those_alone_who_read_them(told: Played, tmp_path: Path) -> None:
    password = tmp_path / ".firstlight/lab/grafana/@fake/mon1.password"
    words = {**SECRETS, "grafana": password.read_text().strip()}
    release = {Path(path).name: item for path, item in told.written["mon1"].items()}
    for name in ("monitor.key", "probe.key", "gate.key", "dashboards.key"):
        item = release[name]
        assert isinstance(item, File)
        words[name] = item.data.decode().strip()
    found = dict.fromkeys(words, 0)
    for item in told.written["mon1"].values():
        if not isinstance(item, File):
            continue
        secret = isinstance(item.content, Secret)
        for name, word in words.items():
            if word.encode() in item.data:
                found[name] += 1
                assert secret, f"{item.path} has the secret of {name} and is shown in diffs"
        if secret or b"PRIVATE KEY" in item.data:
            assert item.mode in PRIVATE[f"{item.user}:{item.group}"], item.path
    assert all(found.values()), found


def test_what_is_shown_of_receivers_has_no_secret(told: Played) -> None:
    shown = told.written["mon1"][RECEIVERS]
    assert isinstance(shown, File) and not isinstance(shown.content, Secret)
    names = {each["name"] for each in json.loads(shown.data)["to"]}
    assert names == {"team", "oncall", "hook", "mail", "watchdog"}
    for host in ("gpu1", "edge1"):  # others have none of it, not even in a file of root's
        for item in told.written[host].values():
            if isinstance(item, File):
                assert not any(word.encode() in item.data for word in SECRETS.values()), item.path
