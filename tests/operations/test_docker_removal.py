"""daemon.json without our keys: others' keys stay as they are, what was before comes back."""

from __future__ import annotations

from typing import Any

import pytest

from firstlight.facts.docker import Daemon, DockerDaemon
from firstlight.facts.files import Contents, PathStates
from firstlight.operations.docker import LAID, daemon
from firstlight.operations.docker_removal import ORIGINAL, OWN, TAKEN, daemon_back, unlaid
from tests.operations.play import commands

OURS = {"ip": "127.0.0.1", "log-driver": "local", "log-opts": {"max-file": "5"}}


@pytest.mark.parametrize(
    ("current", "original", "wanted"),
    [
        (OURS, {}, {}),
        ({**OURS, "debug": True}, {}, {"debug": True}),
        ({**OURS, "ip": "0.0.0.0"}, {}, {"ip": "0.0.0.0"}),
        (OURS, {"log-driver": "syslog", "log-opts": {"tag": "x"}}, {"log-driver": "syslog", "log-opts": {"tag": "x"}}),
        ({**OURS, "log-opts": {"max-file": "5", "tag": "y"}}, {}, {"log-opts": {"tag": "y"}}),
        ({"debug": True}, {}, {"debug": True}),
    ],
)  # fmt: skip
def test_our_keys_come_out_of_daemon_json(current: Any, original: Any, wanted: Any) -> None:
    assert unlaid(current, OURS, original) == wanted


@pytest.mark.parametrize(
    ("config", "texts", "count"),
    [
        (None, {}, 0),
        ('{"debug": true}', {LAID: '{"ip": "x"}'}, 0),
        ('{"ip": "x"}', {LAID: '{"ip": "x"}'}, 2),
        ('{"ip": "x", "debug": true}', {LAID: '{"ip": "x"}', ORIGINAL: '{"debug": true}'}, 2),
        ("{", {LAID: "{}"}, 1),
    ],
)
def test_daemon_back(config: str | None, texts: dict[str, str], count: int) -> None:
    facts = {DockerDaemon: Daemon(config, active=True, enabled=True), Contents: texts}
    assert len(commands(daemon_back, facts, laid={})[0]) == count


@pytest.mark.parametrize(
    ("taken", "paths", "count"),
    [
        ({}, {OWN: None}, 2),  # deployed before there was a manifest
        ({TAKEN: "late 2026-01-01"}, {OWN: None}, 2),
        ({TAKEN: "first 2026-01-01"}, {OWN: None}, 0),  # all that was laid would be written down
        ({TAKEN: "first 2026-01-01"}, {}, 0),  # the second time
        ({}, {}, 0),  # firstlight was never here
    ],
)
def test_keys_like_ours_are_others_where_firstlight_is_not(
    taken: dict[str, str], paths: dict[str, Any], count: int
) -> None:
    facts = {DockerDaemon: Daemon('{"ip": "x"}', active=True), Contents: taken, PathStates: paths}
    assert len(commands(daemon_back, facts, laid={"ip": "x"})[0]) == count


def test_every_key_that_was_ever_laid_is_remembered() -> None:
    facts = {DockerDaemon: Daemon("{}"), Contents: {LAID: '{"mtu": 1400}'}}
    written = commands(daemon, facts, config=OURS)[0][0]
    assert LAID in written.get_raw_value()
