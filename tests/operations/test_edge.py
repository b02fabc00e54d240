"""A release of the edge: tested first, switched by one link, taken back when nginx refuses."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from firstlight.edge.release import Release
from firstlight.facts.edge import Edge, EdgeState
from firstlight.operations.edge import items, released
from firstlight.secret import Secret
from tests.operations.edge_host import EdgeHost, dark, fresh
from tests.operations.play import commands, converged
from tests.stubs import Stubs

FILES = {"nginx.conf": "events {}\n", "keys.map": Secret("d alice;\n"), "tls.key": Secret("k3y")}
SERVING = Edge("new", "new", written=True, active=True, enabled=True)
pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


@pytest.fixture
def edge(tmp_path: Path, stubs: Stubs) -> EdgeHost:
    return EdgeHost(tmp_path, stubs)


def test_converged() -> None:
    assert converged(released, {EdgeState: SERVING}, release=fresh("new"))


@pytest.mark.parametrize(
    "change",
    [
        {"running": "old"},
        {"running": ""},
        {"current": "old"},
        {"active": False},
        {"enabled": False},
        {"written": False},
        {"reload_needed": True},
    ],
)
def test_every_drift_is_acted_on(change: dict[str, object]) -> None:
    facts = {EdgeState: replace(SERVING, **change)}  # type: ignore[arg-type]
    assert commands(released, facts, release=fresh("new"))[0]


def test_a_failed_fact_is_no_exception() -> None:
    assert commands(released, {EdgeState: None}, release=fresh("new"))[0]


def test_private_files_are_private() -> None:
    modes = {item.path.rsplit("/", 1)[1]: item.mode for item in items(Release("r", dict(FILES)))}
    assert modes["tls.key"] == modes["keys.map"] == "600"
    assert all(int(mode, 8) & 0o007 == 0 for mode in modes.values())


def test_the_first_release(edge: EdgeHost) -> None:
    assert edge.deploy("one").returncode == 0
    assert edge.running() == "one"
    calls = edge.stubs.calls()
    assert "systemctl start nginx.service" in calls
    assert "systemctl enable --quiet nginx.service" in calls
    # Tested where it stands, before anything is switched.
    test = next(n for n, call in enumerate(calls) if call.startswith("nginx "))
    assert test < calls.index("systemctl start nginx.service")


def test_a_running_edge_is_reloaded_and_not_restarted(edge: EdgeHost) -> None:
    edge.deploy("one")
    edge.stubs.forget()
    assert edge.deploy("two").returncode == 0
    assert edge.running() == "two"
    assert "systemctl start nginx.service" not in edge.stubs.calls()


def test_a_release_that_nginx_refuses_is_never_current(edge: EdgeHost) -> None:
    edge.deploy("one")
    edge.stubs.add("nginx", "echo 'unknown directive' >&2; exit 1")
    done = edge.deploy("bad")
    assert done.returncode != 0
    assert "unknown directive" in done.stderr and "gpu1" in done.stderr
    assert edge.running() == edge.current.readlink().name == "one"
    assert not (edge.base / "releases/bad").exists()


def test_a_reload_that_fails_takes_the_link_back(edge: EdgeHost) -> None:
    edge.deploy("one")
    edge.stubs.add("systemctl", '[ "$1" != reload ]')
    done = edge.deploy("two")
    assert done.returncode != 0
    assert "last words of nginx" in done.stderr
    assert edge.current.readlink().name == "one"


def test_a_link_that_cannot_be_made_is_nobody_elses_doing(edge: EdgeHost) -> None:
    edge.deploy("one")
    edge.stubs.add("ln", "echo 'No space left on device' >&2; exit 1")
    done = edge.deploy("two")
    assert done.returncode != 0 and "No space left" in done.stderr
    assert "the one before is current again" in done.stderr
    assert edge.serving() == "one"


def test_a_reload_without_effect_is_no_success(edge: EdgeHost) -> None:
    edge.deploy("one")
    edge.stubs.add("systemctl")
    edge.stubs.add("sleep")  # the wait is counted in tries
    assert edge.deploy("two").returncode != 0
    assert edge.current.readlink().name == "one"


def test_the_two_before_stay(edge: EdgeHost) -> None:
    for name in ("one", "two", "three", "four"):
        assert edge.deploy(name).returncode == 0
    assert {path.name for path in (edge.base / "releases").iterdir()} == {"two", "three", "four"}


def test_the_current_release_is_never_taken_away(edge: EdgeHost) -> None:
    """Also not when it is the oldest one, and another was written that nginx did not take."""
    for name in ("one", "two", "three"):
        edge.deploy(name)
    systemctl = (edge.stubs.folder / "systemctl").read_text()
    edge.stubs.add("systemctl", '[ "$1" != reload ]')
    assert edge.deploy("four").returncode != 0
    (edge.stubs.folder / "systemctl").write_text(systemctl)
    assert edge.deploy("one").returncode == 0
    assert edge.running() == "one"
    assert (edge.base / "releases/one/nginx.conf").exists()


def test_what_is_not_seen_from_outside_is_taken_back(edge: EdgeHost) -> None:
    edge.deploy("one")
    done = edge.deploy("two", probe=dark)
    assert done.returncode != 0
    assert "it does not answer; the one before serves again" in done.stderr
    assert "why: HTTP 502" in done.stderr
    assert edge.serving() == "one"


def test_a_first_release_has_none_to_return_to(edge: EdgeHost) -> None:
    done = edge.deploy("one", probe=dark)
    assert done.returncode != 0
    assert "serves again" not in done.stderr and "it does not answer" in done.stderr
    assert edge.serving() == "one"


def test_a_release_that_is_only_started_again_goes_back_to_nothing(edge: EdgeHost) -> None:
    """What was before it may be weeks old, and know keys that are revoked."""
    edge.deploy("one")
    edge.deploy("two")
    edge.runs.unlink()
    done = edge.deploy("two", probe=dark)
    assert done.returncode != 0 and "serves again" not in done.stderr
    assert edge.serving() == "two"


def test_one_before_that_does_not_come_back_is_not_said_to_serve(edge: EdgeHost) -> None:
    edge.deploy("one")
    edge.reloads(after='[ "$1" = reload ] || exit 0')
    edge.stubs.add("sleep")
    done = edge.deploy("two", probe=dark)
    assert done.returncode != 0
    assert "serves again" not in done.stderr and "did not come back" in done.stderr
