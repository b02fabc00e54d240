"""Accounts and plain services."""

from __future__ import annotations

import pytest

from firstlight.facts.accounts import AccountExists
from firstlight.facts.services import UnitProperties
from firstlight.operations.accounts import system_account
from firstlight.operations.services import running
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs

UNIT = "systemd-timesyncd.service"
UP = {"ActiveState": "active", "UnitFileState": "enabled", "ConditionResult": "yes"}


def test_an_account_is_made_once(stubs: Stubs) -> None:
    stubs.add("useradd")
    assert converged(system_account, {AccountExists: True}, user="fetcher")
    (command,), _ = commands(system_account, {AccountExists: False}, user="fetcher")
    assert run(command, stubs.env).returncode == 0
    (call,) = stubs.calls()
    words = call.split()
    assert words[-1] == "fetcher"
    assert {"--system", "--no-create-home", "/usr/sbin/nologin"} <= set(words)


@pytest.mark.parametrize("have", [UP, {**UP, "ActiveState": "inactive", "ConditionResult": "no"}])
def test_a_service_as_it_shall_be(have: dict[str, str]) -> None:
    assert converged(running, {UnitProperties: have}, unit=UNIT)


@pytest.mark.parametrize(
    "have",
    [
        {**UP, "ActiveState": "failed"},
        {**UP, "UnitFileState": "disabled"},
        {**UP, "UnitFileState": "disabled", "ConditionResult": "no"},
        {},
        None,
    ],
)
def test_a_service_is_enabled_and_started(stubs: Stubs, have: dict[str, str] | None) -> None:
    stubs.add("systemctl")
    (command,), _ = commands(running, {UnitProperties: have}, unit=UNIT)
    assert run(command, stubs.env).returncode == 0
    assert stubs.calls() == [f"systemctl enable --quiet {UNIT}", f"systemctl start {UNIT}"]


def test_a_service_that_will_not_start_is_a_failure(stubs: Stubs) -> None:
    stubs.add("systemctl", '[ "$1" = enable ]')
    (command,), _ = commands(running, {UnitProperties: {}}, unit=UNIT)
    assert run(command, stubs.env).returncode != 0
