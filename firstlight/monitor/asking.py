"""Asks the monitors of an inventory: one process that reaches them, and connections that stay open."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Protocol

from firstlight.errors import FirstlightError
from firstlight.monitor import query, seen_site
from firstlight.monitor.query import Answers, Ask
from firstlight.monitor.seen_site import SeenHost

READ_SECONDS = 120
"""For reading the inventory: it may be a program that asks others."""
CONNECT_SECONDS = 30


class Asking(Protocol):
    """Whoever can ask monitors. ``hosts`` are all of the inventory."""

    @property
    def inventory(self) -> str: ...

    @property
    def hosts(self) -> tuple[SeenHost, ...]: ...

    def ask(
        self, monitor: str, asked: Mapping[str, Ask], seconds: int = query.SECONDS
    ) -> Answers: ...


class Session:
    """Asks over pyinfra's connections. Use it as a context: leaving it ends the process and them.

    ``ports`` say where the daemons of a monitor listen. Raises :class:`FirstlightError` where the
    inventory cannot be read.
    """

    def __init__(self, inventory: str, ports: Mapping[str, int] = query.PORTS) -> None:
        self.inventory = inventory
        self.ports = ports
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (until close)
        self._open()

    def _open(self) -> None:
        command = [sys.executable, "-m", "firstlight.monitor.session", self.inventory]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
        )
        self._lines: queue.Queue[bytes] = queue.Queue()
        pipe, lines = self.process.stdout, self._lines
        assert pipe is not None

        def read() -> None:
            for line in pipe:
                lines.put(line)
            lines.put(b"")  # it has ended

        threading.Thread(target=read, daemon=True).start()
        try:
            self.hosts = seen_site.parsed(self._line(READ_SECONDS))
        except BaseException:
            self.close()
            raise

    def ask(self, monitor: str, asked: Mapping[str, Ask], seconds: int = query.SECONDS) -> Answers:
        """Return what ``monitor`` answers in ``seconds``. Raises :class:`FirstlightError` where it does not."""
        text = query.program(asked, seconds, self.ports)
        return heard(monitor, self.run(monitor, text, query.SECONDS), asked, self.inventory)

    def run(self, monitor: str, program: str, seconds: int) -> str:
        """Return what a program of Python prints on ``monitor``. Raises :class:`FirstlightError`."""
        if self.process.poll() is not None:
            self._open()
        wanted = {"monitor": monitor, "program": program, "seconds": CONNECT_SECONDS + seconds}
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(wanted).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            raise self._gone() from None
        said = self._line(CONNECT_SECONDS + seconds + 10)
        if "error" in said:
            error = {
                key: text.replace("INVENTORY", self.inventory)
                for key, text in said["error"].items()
            }
            raise FirstlightError(**error)
        return str(said["output"])

    def _line(self, seconds: float) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            self.close()
            raise FirstlightError(
                "the inventory's hosts are not reached",
                where=self.inventory,
                why=f"{seconds:.0f} s",
            ) from None
        if not line:
            raise self._gone()
        found: dict[str, Any] = json.loads(line)
        return found

    def _gone(self) -> FirstlightError:
        """Return the error that says why the process ended."""
        self.close()
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        fix = f"pyinfra {self.inventory} debug-inventory"
        why = "\n       ".join(said[-6:])
        return FirstlightError("pyinfra failed", where=self.inventory, why=why, fix=fix)

    def close(self) -> None:
        """End the process, and with it the connections."""
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        self._errors.close()


def heard(
    monitor: str, output: str, asked: Mapping[str, Ask], inventory: str = "INVENTORY"
) -> Answers:
    """Return the answers in ``output``. Raises where there are none, or Prometheus is silent."""
    answers = query.parsed(output)
    if answers is None:
        why = f"its answer was {output.strip()[-200:]!r}" if output.strip() else "it said nothing"
        raise FirstlightError("Prometheus could not be asked", where=monitor, why=why)
    errors = [answers.error(name) for name, each in asked.items() if each.end == "prometheus"]
    if errors and all(errors):
        raise FirstlightError(
            "Prometheus does not answer",
            where=monitor,
            why=errors[0],
            fix=f"pyinfra {inventory} deploys/monitor.py --limit {monitor}; "
            "on the host: journalctl -u prometheus -n 50",
        )
    return answers


def watching(
    hosts: Iterable[SeenHost], every: Mapping[str, SeenHost]
) -> dict[str, tuple[str, ...]]:
    """Return who can be asked about each of ``hosts``: monitors that keep what they measure.

    Raises :class:`FirstlightError` where there are none for any.
    """
    found = {each.name: each for each in hosts}
    able = {
        name: tuple(m for m in each.monitors if not every[m].agent) for name, each in found.items()
    }
    if any(able.values()):
        return able
    agents = sorted({name for each in found.values() for name in each.monitors})
    if agents:
        raise FirstlightError(
            "this monitor keeps nothing that could be shown",
            where=", ".join(agents),
            why='monitor.prometheus.mode is "agent": what it measures is sent on',
            fix='look where remote_write sends it, or give a monitor the mode "server"',
        )
    off = not any(each.watched for each in found.values())
    named = 'name a host in a group monitor of the inventory: monitor = ["HOST"]'
    raise FirstlightError(
        "nobody watches these hosts",
        where=", ".join(list(found)[:6]),
        why="monitor.enabled is False"
        if off
        else "the inventory has no group monitor, and none of them has an edge",
        fix=f"{'leave monitor.enabled out' if off else named}; then run deploys/monitor.py",
    )
