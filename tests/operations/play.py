"""Asks an operation for its commands on a host whose facts are given, and runs commands here."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from inspect import getcallargs
from pathlib import Path
from typing import Any

from pyinfra.api import StringCommand
from pyinfra.context import ctx_host, ctx_state
from pyinfra_testing.util import FakeHost, FakeState

from firstlight import manifest

Facts = Mapping[type, Any]


# What is written here is recorded as on a host, in a folder that lasts as long as the tests.
RECORDS = Path(tempfile.mkdtemp(prefix="firstlight-records-"))
(RECORDS / "taken").write_text("first")
atexit.register(shutil.rmtree, RECORDS, ignore_errors=True)


class Host(FakeHost):
    """A host that knows the given facts; of every other pyinfra would say None: it failed."""

    def __init__(self, state: FakeState, facts: Facts) -> None:
        super().__init__(state, "gpu1", {}, {})
        self._facts = facts

    def get_fact(self, fact_cls: type, *args: Any, **kwargs: Any) -> Any:
        getcallargs(fact_cls().command, *args, **kwargs)  # the fact must know its arguments
        value = self._facts.get(fact_cls)
        return value(**kwargs) if callable(value) else value


def commands(
    operation: Callable[..., Any], facts: Facts, executing: bool = False, **arguments: Any
) -> tuple[list[StringCommand], Host]:
    """Return what ``operation`` yields, and the host (its ``noop_description``)."""
    state = FakeState()
    state.is_executing = executing
    host = Host(state, facts)
    with ctx_state.use(state), ctx_host.use(host):
        return list(operation._inner(**arguments)), host  # type: ignore[attr-defined]


def converged(operation: Callable[..., Any], facts: Facts, **arguments: Any) -> bool:
    """Tell whether the operation has nothing to do, and says so."""
    found, host = commands(operation, facts, **arguments)
    return not found and bool(host.noop_description)


def recorded_here(command: StringCommand, records: Path = RECORDS) -> str:
    """Return the text of a command that records what it does in the folder of the tests."""
    return command.get_raw_value().replace(manifest.FOLDER, str(records))


def run(
    command: StringCommand,
    env: Mapping[str, str] | None = None,
    instead: Mapping[str, object] | None = None,
    timeout: float = 30,
    stdin: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run one command as a host would; ``instead`` replaces fixed paths by a test's own."""
    text = command.get_raw_value()
    for path, other in (instead or {}).items():
        assert path in text, f"the command does not touch {path}"
        text = text.replace(path, str(other))
    text = text.replace(manifest.FOLDER, str(RECORDS))
    given = command.connector_arguments.get("_stdin", "") if stdin is None else stdin
    return subprocess.run(
        ["sh", "-c", text],
        input=given, capture_output=True, text=True, env=env, timeout=timeout, check=False,
    )  # fmt: skip
