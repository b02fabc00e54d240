"""A program of the lab that keeps running after the command that started it has ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.lab.process import PROC, Process
from firstlight.lab.state import read_json, write_json

START_TIMEOUT = 20.0
STOP_TIMEOUT = 10.0
PAUSE = 0.05


@dataclass(frozen=True)
class Background:
    """A detached program: its pid file and its log lie in ``directory``.

    A process counts as ours if pid *and* start time are those in the pid file, or if its whole
    command line is ours: a start that was killed may not have come to writing the pid file.
    """

    name: str
    argv: tuple[str, ...]
    directory: Path
    working_directory: Path = Path("/")

    @property
    def pid_file(self) -> Path:
        """Where pid, start time and command line are kept."""
        return self.directory / f"{self.name}.pid.json"

    @property
    def log(self) -> Path:
        """Where the program's output goes."""
        return self.directory / f"{self.name}.log"

    def running(self) -> bool:
        """Whether the program runs with the present command line."""
        record = read_json(self.pid_file) or {}
        process = Process.from_json(record)
        return process is not None and process.alive() and record.get("argv") == list(self.argv)

    def start(self, ready: Callable[[], bool]) -> bool:
        """Start the program unless it runs and is ``ready``; True if it was started now.

        Returns when ``ready`` says so; raises :class:`FirstlightError` when the program ends
        early or is not ready within `START_TIMEOUT` seconds.
        """
        if self.running() and ready():
            return False
        self.stop()
        self.directory.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            child = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.working_directory,
                start_new_session=True,
            )
        with contextlib.suppress(ProcessLookupError):
            record = Process.of(child.pid).to_json()
            write_json(self.pid_file, {**record, "argv": list(self.argv)})
        self._await(child, ready)
        return True

    def stop(self) -> None:
        """End the program, politely first; nothing happens if it does not run."""
        for process in self._ours():
            self._end(process)
        self.pid_file.unlink(missing_ok=True)

    def _await(self, child: subprocess.Popen[bytes], ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while child.poll() is None:
            # Asked again whether it lives: what answered may be another holder of the port.
            if ready() and child.poll() is None:
                return
            if time.monotonic() > deadline:
                self.stop()
                raise self._failure(f"it did not answer within {START_TIMEOUT:.0f} s")
            time.sleep(PAUSE)
        raise self._failure(f"it ended with exit code {child.returncode}")

    def _failure(self, why: str) -> FirstlightError:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return FirstlightError(
            f"the lab's {self.name} did not start",
            where=str(self.log),
            why="; ".join([why, *(line.strip()[:300] for line in lines[-3:])]),
            fix="free the port if another program holds it (`ss -ltnp`), then try again",
        )

    def _ours(self) -> set[Process]:
        found: set[Process] = set()
        recorded = Process.from_json(read_json(self.pid_file))
        if recorded is not None and recorded.alive():
            found.add(recorded)
        command = b"".join(os.fsencode(word) + b"\0" for word in self.argv)
        for entry in PROC.iterdir():
            if entry.name.isdigit() and _command(entry) == command:
                with contextlib.suppress(ProcessLookupError):
                    found.add(Process.of(int(entry.name)))
        return found

    def _end(self, process: Process) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            process.signal(number)
            if process.wait(STOP_TIMEOUT):
                # If it was this very process's child, it should not stay a zombie.
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(process.pid, os.WNOHANG)
                return
        raise FirstlightError(
            f"the lab's {self.name} could not be stopped",
            where=f"pid {process.pid}",
            why=f"it outlived SIGTERM and SIGKILL by {STOP_TIMEOUT:.0f} s each",
        )


def _command(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""
