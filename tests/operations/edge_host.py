"""A host's nginx as the edge's operation meets it: folders of its own, programs that stand in."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pyinfra.api import StringCommand
from pyinfra.context import ctx_host, ctx_state
from pyinfra_testing.util import FakeState

from firstlight.edge.fresh import FreshRelease
from firstlight.edge.release import BASE, Release
from firstlight.errors import FirstlightError
from firstlight.facts.edge import Edge, EdgeState
from firstlight.operations.edge import released
from tests.operations.play import Facts, Host, run
from tests.stubs import Stubs


def fresh(name: str) -> FreshRelease:
    """Return a release that stays the same."""
    return FreshRelease(lambda: Release(name, {"nginx.conf": "events {}\n"}))


def dark() -> None:
    """Look from outside, and see nothing."""
    raise FirstlightError("it does not answer", where="https://x/v1/models", why="HTTP 502")


def steps(facts: Facts, executing: bool = True, **arguments: Any) -> Iterator[StringCommand]:
    """Yield the operation's commands one by one: what comes after one may depend on it."""
    state = FakeState()
    state.is_executing = executing
    host = Host(state, facts)
    with ctx_state.use(state), ctx_host.use(host):
        yield from released._inner(**arguments)  # type: ignore[attr-defined]


class EdgeHost:
    """A folder for /etc/nginx/firstlight, and an nginx that runs what its link named last."""

    def __init__(self, tmp_path: Path, stubs: Stubs) -> None:
        self.base, self.stages, self.stubs = tmp_path / "edge", tmp_path / "stages", stubs
        self.current, self.runs = self.base / "current", tmp_path / "runs"
        stubs.add("nginx")
        stubs.add("journalctl", "echo last words of nginx")
        stubs.add("curl", f"cat {self.runs} 2>/dev/null")
        self.reloads()

    def reloads(self, after: str = ":", then: str = ":") -> None:
        """Have nginx take what its link names, ``after`` one shell text and before another."""
        take = f'basename "$(readlink {self.current})" >{self.runs}'
        self.stubs.add(
            "systemctl",
            f'case "$1" in reload|start|reload-or-restart) {after}; {take}; {then};; '
            "is-active) exit 1;; esac",
        )

    def state(self, have: Edge | None = None) -> Callable[..., Edge]:
        """Return the fact as it is by then; ``have`` stands for what is not in these folders."""
        other = have or Edge(active=True, enabled=True)

        def found(folder: str, **_: Any) -> Edge:
            written = (self.base / "releases" / Path(folder).name / ".complete").exists()
            at = self.current.readlink().name if self.current.is_symlink() else ""
            return Edge(
                at, self.running(), written, other.active, other.enabled, other.reload_needed
            )

        return found

    def run(self, command: StringCommand) -> subprocess.CompletedProcess[str]:
        """Run one of its commands in these folders."""
        places = {BASE: self.base, "/run/firstlight": self.stages}
        raw = command.get_raw_value()
        instead = {path: place for path, place in places.items() if path in raw}
        return run(command, self.stubs.env, instead)

    def deploy(
        self,
        release: str | FreshRelease,
        have: Edge | None = None,
        probe: Callable[[], None] | None = None,
        between: Callable[[], object] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Do what the operation yields. ``between`` happens just before it switches."""
        time.sleep(0.02)  # releases are told apart by when they were made
        made = fresh(release) if isinstance(release, str) else release
        done = None
        for command in steps({EdgeState: self.state(have)}, release=made, probe=probe):
            if between is not None and "edge-before" in command.get_raw_value():
                between()
                between = None
            done = self.run(command)
            if done.returncode:
                break
        assert done is not None
        return done

    def to_switch(self, name: str) -> StringCommand:
        """Write and test a release, and return the command that would make it current."""
        *before, switch = steps({EdgeState: self.state()}, release=fresh(name))
        assert [self.run(command).returncode for command in before] == [0, 0]
        return switch

    def running(self) -> str:
        return self.runs.read_text().strip() if self.runs.exists() else ""

    def serving(self) -> str:
        """Return the release that is current, which has to be the one that runs."""
        assert self.running() == self.current.readlink().name
        return self.running()
