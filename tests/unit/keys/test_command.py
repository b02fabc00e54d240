"""``firstlight keys``: what a person types and what is shown, a key only once."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from firstlight import keys
from firstlight.cli.keys import keys as command
from firstlight.errors import FirstlightError

STATE = Path(".firstlight/lab/keys")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    done = CliRunner().invoke(command, [*words, "--site", "lab"])
    if isinstance(done.exception, FirstlightError):
        raise done.exception
    return done


def test_a_key_is_shown_once_and_alone_on_stdout() -> None:
    issued = run("issue", "alice", "--class", "gold", "--models", "a,b", "--expires", "30d")
    key = issued.stdout.strip()
    assert issued.exit_code == 0 and re.fullmatch(r"fl_alice_\S{43}", key)
    assert "shown only now" in issued.stderr and key not in issued.stderr
    assert run("limits", "alice").stdout == "alice: class gold, models a,b, limits class\n"
    rotated = run("rotate", "alice", "--overlap", "2h")
    assert rotated.stdout.startswith("fl_alice_") and rotated.stdout.strip() != key
    listed = run("list")
    ring = keys.load(STATE / "api-keys.toml")
    heads = [line.split() for line in listed.stdout.splitlines()]
    assert heads[0] == ["NAME", "CLASS", "MODELS", "LIMITS", "DIGEST", "ISSUED", "EXPIRES"]
    assert heads[1][:5] == ["alice", "gold", "a,b", "class", ring.keys[0].secrets[0].digest[:12]]
    assert heads[2][:2] == ["alice", ring.keys[0].secrets[1].digest[:12]]
    for text in (listed.output, (STATE / "api-keys.toml").read_text()):
        assert key not in text and rotated.stdout.strip() not in text


def test_once_does_nothing_the_second_time() -> None:
    first = run("issue", "demo", "--once", "--to", "demo.key")
    assert first.stdout == "" and Path("demo.key").read_text().startswith("fl_demo_")
    before = (STATE / "api-keys.toml").read_bytes()
    again = run("issue", "demo", "--once", "--to", "demo.key")
    assert (again.exit_code, again.stdout) == (0, "")
    assert (STATE / "api-keys.toml").read_bytes() == before


def test_limits_are_changed_and_reset() -> None:
    run("issue", "alice", "--rps", "0.5")
    changed = run("limits", "alice", "--burst", "3", "--concurrency", "2", "--models", "a")
    expected = "alice: class standard, models a, limits rps 0.5 burst 3 concurrency 2\n"
    assert changed.stdout == expected
    assert run("limits", "alice", "--reset", "--models", "all", "--rps", "7").stdout == (
        "alice: class standard, models all, limits rps 7\n"
    )
    with pytest.raises(FirstlightError, match="no API key named bob"):
        run("limits", "bob")


def test_what_is_expired_says_so() -> None:
    keys.issue(STATE / "api-keys.toml", "alice", life=60, now=1_700_000_000)
    assert "expired 2023-11-14 22:14Z" in run("list").stdout


@pytest.mark.parametrize("time", ["5", "x", "5y", "0d", "-1d", "1.5h", "9999999999d", ""])
def test_a_malformed_time(time: str) -> None:
    done = run("issue", "alice", "--expires", time)
    assert done.exit_code == 2 and "a time " in done.stderr
    assert not STATE.exists()


def test_an_old_file_is_converted_and_said_to_be(here: Path) -> None:
    STATE.mkdir(parents=True, mode=0o700)
    (STATE / "api-keys.toml").touch(0o600)
    (STATE / "api-keys.toml").write_text(f'[keys]\nalice = "fl_alice_{"A" * 43}"\n')
    assert "unknown" in run("list").stdout  # when it was issued
    said = run("issue", "bob")
    assert "in plain text" in said.stderr and "AAA" not in said.output
    assert "AAA" not in (STATE / "api-keys.toml").read_text()
    run("revoke", "alice")
    assert "alice" not in run("list").stdout


def test_apply_runs_the_edges_deploy(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[list[str], dict[str, Any]]] = []

    def ran(words: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        seen.append((words, options))
        # What is applied is in the file already.
        assert keys.load(STATE / "api-keys.toml")
        return subprocess.CompletedProcess(words, 3)

    monkeypatch.setattr(subprocess, "run", ran)
    Path("lab.py").touch()
    done = run("issue", "alice", "--apply", "lab.py")
    # The key is shown although the run failed: there is no other moment for it.
    assert done.exit_code == 3 and done.stdout.startswith("fl_alice_")
    run("revoke", "alice", "--apply", "lab.py")
    words, options = seen[1]
    assert words[:5] == [sys.executable, "-m", "pyinfra", "-y", "lab.py"]
    assert words[5].endswith("deploys/edge.py") and options["stdout"] == 2
    missing = run("revoke", "alice", "--apply", "nowhere.py")
    assert missing.exit_code == 2 and len(seen) == 2


def test_a_site_that_cannot_be() -> None:
    done = CliRunner().invoke(command, ["issue", "alice", "--site", "../x"])
    assert isinstance(done.exception, FirstlightError) and not Path("../x").exists()
