"""Marks a run on each host while pyinfra goes along: from its first change on, and where it fails.

A run that changes nothing writes nothing. It happens beside the operations, so that no run is said
to change something because it is marked; where a mark cannot be written the run goes on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import gevent
from paramiko import SSHException
from pyinfra.api import BaseStateCallback, Host, State, StringCommand
from pyinfra.api.exceptions import PyinfraError

from firstlight import adapter
from firstlight.last_run import FAILED, PATH, RUNNING, LastRun, now
from firstlight.operations.commands import script

SECONDS = 10
# Beside the manifest's folder: where that is not there yet nothing of ours is.
MARK = r"""
[ -d "${1%/*}" ] || exit 0
printf %s "$2" >"$1.firstlight-new" && chmod 644 "$1.firstlight-new" && mv -f "$1.firstlight-new" "$1"
"""


def marking(run: LastRun) -> StringCommand:
    """Return the command that writes a mark."""
    return script(MARK, PATH, run.text)


def aside(host: Host, asked: StringCommand) -> bool:
    """Run ``asked`` on ``host`` past pyinfra's operations; False where it did not succeed."""
    try:
        with gevent.Timeout(SECONDS):
            done, _ = host.run_shell_command(asked, print_output=False, **adapter.rights(host))
    except (gevent.Timeout, OSError, EOFError, SSHException, PyinfraError):
        return False
    return bool(done)


class RunMarks(BaseStateCallback):
    """Marks the hosts of one run. ``run`` is what is written, as a run that goes on."""

    def __init__(self, run: LastRun) -> None:
        self._run = run
        self._before: dict[str, str] = {}
        self._marked: set[str] = set()

    def operation_host_start(self, state: State, host: Host, op_hash: str) -> None:  # type: ignore[override]
        before = self._before.get(host.name)
        self._before[host.name] = op_hash
        if before is None or host.name in self._marked:
            return
        operation = state.ops[host].get(before)
        done = operation.operation_meta if operation else None
        if done and done.is_complete() and done.did_change():
            self._marked.add(host.name)
            aside(host, marking(self._run))

    def operation_host_error(  # type: ignore[override]
        self, state: State, host: Host, op_hash: str, retry_count: int = 0, max_retries: int = 0
    ) -> None:
        given: dict[str, Any] = dict(state.get_op_data_for_host(host, op_hash).global_arguments)
        if given.get("_ignore_errors") or given.get("_continue_on_error"):
            return
        self._marked.add(host.name)
        name = min(state.get_op_meta(op_hash).names, default="")
        ended = now()
        aside(host, marking(replace(self._run, result=FAILED, ended=ended, operation=name)))


_marks: WeakKeyDictionary[object, LastRun] = WeakKeyDictionary()


def marked(state: State, version: str, lock: str) -> LastRun:
    """Have every host of the run marked, from now on; return what the run is called."""
    run = adapter.current_run()
    if run not in _marks:
        _marks[run] = LastRun(RUNNING, now(), version=version, lock=lock)
        state.add_callback_handler(RunMarks(_marks[run]))  # type: ignore[no-untyped-call]
    return _marks[run]
