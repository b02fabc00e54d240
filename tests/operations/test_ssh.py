"""sshd's configuration: written only where it differs, checked as a whole, taken back by a trial."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from firstlight.facts.files import PathStates
from firstlight.facts.ssh import DROP_IN
from firstlight.operations.files import File
from firstlight.operations.ssh import CHECK, RELOAD, answers, configured, retired, with_values
from tests.operations.play import commands, converged
from tests.stubs import Stubs

TEXT = "PasswordAuthentication no\n"
LINES = (("PasswordAuthentication", "no"), ("AllowUsers", "ops bob"))
WANTED: dict[str, Any] = {"text": TEXT, "lines": LINES, "users": ("root", "ops"), "unit": "ssh"}
THERE = {DROP_IN: File(DROP_IN, TEXT).state}


def test_what_is_there_is_left_alone() -> None:
    assert converged(configured, {PathStates: THERE}, **WANTED)
    assert converged(retired, {PathStates: {}}, unit="ssh")


def test_a_change_is_tried_and_not_just_made() -> None:
    for have in ({}, {DROP_IN: File(DROP_IN, "# by hand\n").state}):
        steps, _ = commands(configured, {PathStates: have}, **WANTED)
        # Kept and armed before it is written, confirmed over a new connection at the end.
        kinds = [type(step).__name__ for step in steps]
        assert kinds[-1] == "FunctionCommand" and len(steps) > 3
        texts = [step.get_raw_value() for step in steps[:-1]]
        armed = next(place for place, text in enumerate(texts) if " arm ssh " in text)
        reloaded = next(place for place, text in enumerate(texts[:-1]) if "-T -f" in text)
        assert armed < reloaded < len(texts) - 1 and "systemctl reload" in texts[-1]
        assert "restart" not in " ".join(texts)


def test_sshd_is_left_as_it_would_be_without_us() -> None:
    steps, _ = commands(retired, {PathStates: THERE}, unit="ssh")
    assert any("rm -rf" in step.get_raw_value() for step in steps[:-1])


def test_sshds_own_words_for_ours() -> None:
    assert answers((("PermitRootLogin", "prohibit-password"), *LINES)) == [
        "permitrootlogin without-password",
        "passwordauthentication no",
        "allowusers ops",
        "allowusers bob",
    ]


class Sshd:
    """A folder for /etc/ssh, and an sshd that answers with the first value it reads, as sshd does.

    The real one is asked in tests/lab/test_ssh.py.
    """

    def __init__(self, folder: Path, stubs: Stubs) -> None:
        self.etc, self.stage, self.stubs = folder / "etc", folder / "stage", stubs
        (self.etc / "sshd_config.d").mkdir(parents=True)
        self.stage.mkdir()
        (self.etc / "sshd_config").write_text(f"Include {self.etc}/sshd_config.d/*.conf\n")
        (self.stage / "0").write_text(TEXT)
        stubs.add("getent", '[ "$2" != nobody-here ]')
        stubs.add("sshd", r"""
case $1 in -t) shift; bad=yes ;; -T) shift; bad= ;; esac
files=$(sed -n 's/^Include //p' "$2")
[ -z "$bad" ] || ! grep -h Bad $files >&2 || exit 1
cat $files | tr 'A-Z' 'a-z' | awk '!seen[$1]++'
""")  # fmt: skip

    def check(self, wanted: str = "passwordauthentication no", users: str = "root ops") -> Any:
        text = with_values(CHECK, users=users, wanted=wanted).replace("/etc/ssh/", f"{self.etc}/")
        return subprocess.run(
            ["sh", "-euc", text],
            cwd=self.stage, env=self.stubs.env, capture_output=True, text=True, timeout=20,
            check=False,
        )  # fmt: skip


@pytest.fixture
def sshd(tmp_path: Path, stubs: Stubs) -> Sshd:
    return Sshd(tmp_path, stubs)


def test_the_whole_configuration_is_checked_with_ours_in_its_place(sshd: Sshd) -> None:
    (sshd.etc / "sshd_config.d/10-firstlight.conf").write_text("PasswordAuthentication yes\n")
    (sshd.etc / "sshd_config.d/50-cloud-init.conf").write_text("PasswordAuthentication yes\n")
    done = sshd.check(users="root nobody-here ops")
    assert done.returncode == 0, done.stderr
    asked = [call for call in sshd.stubs.calls("sshd") if " -T " in f" {call} "]
    assert [call.split("user=")[1].split(",")[0] for call in asked] == ["root", "ops"]
    assert all(str(sshd.stage) in call for call in sshd.stubs.calls("sshd"))
    assert (sshd.etc / "sshd_config.d/10-firstlight.conf").read_text().endswith("yes\n")


def test_what_would_not_hold_is_refused_with_sshds_answer(sshd: Sshd) -> None:
    (sshd.etc / "sshd_config.d/00-own.conf").write_text("PasswordAuthentication yes\n")
    done = sshd.check()
    assert done.returncode != 0
    assert "for root" in done.stderr and "passwordauthentication yes" in done.stderr
    missing = sshd.check("maxsessions 10")
    assert missing.returncode != 0 and "nothing in place of: maxsessions 10" in missing.stderr


def test_what_sshd_cannot_read_is_refused_with_its_words(sshd: Sshd) -> None:
    (sshd.etc / "sshd_config.d/60-own.conf").write_text("Bad option\n")
    done = sshd.check()
    assert done.returncode != 0 and "Bad option" in done.stderr


def test_an_include_that_is_relative_or_shouted_is_followed(sshd: Sshd) -> None:
    (sshd.etc / "sshd_config").write_text("Include sshd_config.d/*.conf\n")
    assert sshd.check().returncode == 0
    (sshd.etc / "sshd_config").write_text("# Include sshd_config.d/*.conf\n")
    assert sshd.check().returncode != 0


@pytest.mark.parametrize(("active", "calls"), [("exit 0", 2), ("exit 3", 1)])
def test_sshd_is_reloaded_where_it_runs_by_itself(stubs: Stubs, active: str, calls: int) -> None:
    stubs.add("systemctl", f'[ "$1" != is-active ] || {active}')
    stubs.add("sleep")
    text = with_values(RELOAD, unit="ssh.service")
    words = ["sh", "-euc", text]
    assert subprocess.run(words, env=stubs.env, timeout=10, check=False).returncode == 0
    assert len(stubs.calls("systemctl")) == calls
    assert all(call.endswith("ssh.service") for call in stubs.calls("systemctl"))
