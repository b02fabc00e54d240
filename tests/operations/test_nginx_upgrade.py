"""nginx that its packages replaced: seen by what it still has in memory, taken up by a reload."""

from __future__ import annotations

from firstlight.facts.nginx import NginxReplaced
from firstlight.operations.nginx_upgrade import installed_runs
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs

MODULE = "/usr/lib/nginx/modules/ngx_http_js_module.so"


def test_nothing_was_replaced() -> None:
    assert converged(installed_runs, {NginxReplaced: []})


def test_what_was_replaced_is_reloaded(stubs: Stubs) -> None:
    stubs.add("systemctl")
    stubs.add("cat", "echo 1")
    (command,), _ = commands(installed_runs, {NginxReplaced: [MODULE]})[:2]
    done = run(command, stubs.env, {})
    assert done.returncode == 0
    assert "systemctl reload nginx.service" in stubs.calls()
    # Its first process is still the same: someone's stream holds the next handover back.
    assert "an earlier handover still has open streams" in done.stdout


def test_an_nginx_that_does_not_run_is_left_alone(stubs: Stubs) -> None:
    stubs.add("systemctl", 'case "$1" in is-active) exit 3;; esac')
    command = commands(installed_runs, {NginxReplaced: [MODULE]})[0][0]
    assert run(command, stubs.env, {}).returncode == 0
    assert "systemctl reload nginx.service" not in stubs.calls()


def test_a_failed_handover_says_what_was_replaced(stubs: Stubs) -> None:
    stubs.add("systemctl", 'case "$1" in reload) exit 1;; esac')
    stubs.add("journalctl", "echo last words of nginx")
    stubs.add("cat", "echo 1")
    done = run(commands(installed_runs, {NginxReplaced: [MODULE]})[0][0], stubs.env, {})
    assert done.returncode != 0
    assert MODULE in done.stderr and "last words of nginx" in done.stderr


def test_the_fact_reads_files() -> None:
    assert NginxReplaced().process([MODULE, ""]) == [MODULE]
