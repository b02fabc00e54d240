"""The store of weights looked at, checked, and rid of what nobody uses."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from firstlight import adapter
from firstlight.errors import FirstlightError
from firstlight.facts.weights import OnHost
from firstlight.operations.commands import failure, script
from firstlight.operations.weights import watched
from firstlight.weights import words
from firstlight.weights.store import INCOMING

UNIT = "firstlight-models-verify.service"
# It reads every byte of the store: below everything else that reads.
VERIFY = r"""
[ -f "$3" ] || { echo "no weights were ever fetched here" >&2; exit 1; }
systemctl stop "$1" 2>/dev/null; systemctl reset-failed "$1" 2>/dev/null
systemd-run --quiet --no-block --unit="$1" -p Type=oneshot -p User="$4" -p SyslogIdentifier=fetch \
    -p Nice=10 -p IOSchedulingClass=idle -p NoNewPrivileges=yes -p ProtectSystem=strict \
    -p ReadWritePaths=/srv/models -p TimeoutStartSec=24h "$2" -I "$3" verify
"""
COLLECT = r"""
python=$1 program=$2; shift 2
"$python" -I "$program" gc --yes -- "$@"
"""


_shown: WeakKeyDictionary[object, set[str]] = WeakKeyDictionary()


def _show_once(text: str) -> None:
    """Show ``text`` once in a run: pyinfra asks an operation when it plans, runs it, or both."""
    before = _shown.setdefault(adapter.current_run(), set())
    if text not in before:
        adapter.show(text)
    before.add(text)


@operation()
def listed(python: str, program: str) -> Generator[StringCommand, None, None]:
    """
    Show the weights in the host's store: what, how large, whether complete, who uses it.

    + python: the host's Python
    + program: the fetch program on the host
    """
    found = host.get_fact(OnHost, python=python, program=program, words=["list"]) or []
    _show_once(words.table(host.name, found))
    host.noop("the store was read")
    yield from ()


@operation()
def verified(python: str, program: str, user: str) -> Generator[StringCommand, None, None]:
    """
    Read every file of the host's store again and compare it with its checksum.

    + python: the host's Python
    + program: the fetch program on the host
    + user: the account that owns the store
    """
    yield script(VERIFY, UNIT, python, program, user)
    if not adapter.is_executing(state):
        return
    started = time.monotonic()
    ended = watched("checking", UNIT, f"{INCOMING}/verify")
    if ended.state != "inactive" or ended.result != "success":
        yield failure(FirstlightError(ended.words.strip() or "the check failed", where=host.name))
        return
    adapter.show(f"{host.name}: all weights are right ({time.monotonic() - started:.0f} s)")


@operation()
def collected(
    python: str, program: str, keep: Sequence[str]
) -> Generator[StringCommand, None, None]:
    """
    Remove the weights that no unit, no job and no way back uses.

    + python: the host's Python
    + program: the fetch program on the host
    + keep: folders that the inventory wants
    """
    asked = ["gc", "--", *keep]
    found: list[dict[str, Any]] = (
        host.get_fact(OnHost, python=python, program=program, words=asked) or []
    )
    _show_once(words.waste(host.name, found))
    if not found:
        host.noop("everything in the store is in use")
        return
    yield script(COLLECT, python, program, *keep)
