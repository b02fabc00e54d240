"""A deploy cut off at a chosen moment: its controller killed, or its host's power gone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import Literal

from tests.lab.rack import LAB, ROOT, TestRack, firstlight

OPERATION = "--> Starting operation: "
REACH_SECONDS = 240
END_SECONDS = 90


@dataclass(frozen=True)
class Moment:
    """``seconds`` into an operation (as pyinfra names it), and who dies then."""

    operation: str
    seconds: float
    victim: Literal["controller", "host"]

    def __str__(self) -> str:
        return f"{self.victim} dies {self.seconds:.2f} s into {self.operation!r}"


class Deploy:
    """A running deploy of the stack, as a process group of its own, with what it said so far."""

    def __init__(self, rack: TestRack, host: str) -> None:
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        self._process = subprocess.Popen(
            rack.pyinfra_words(host, "-y"),
            cwd=ROOT,
            env={**os.environ, "FIRSTLIGHT_LAB": LAB, "ENGINE": "llamacpp", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._news:
                self.lines.append(line.rstrip())
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def begun(self) -> list[str]:
        """The operations that began, in order."""
        return [
            line.removeprefix(OPERATION).strip()
            for line in list(self.lines)
            if line.startswith(OPERATION)
        ]

    @property
    def code(self) -> int | None:
        """The exit code; negative when a signal ended it, None while it runs."""
        return self._process.poll()

    def reach(self, operation: str) -> None:
        """Wait until ``operation`` begins; fail when the deploy ends without, or takes too long."""
        with self._news:
            self._news.wait_for(lambda: operation in self.begun or self._ended, REACH_SECONDS)
            reached = operation in self.begun
        assert reached, f"{operation!r} did not begin within {REACH_SECONDS} s:\n{self.text}"

    def kill(self) -> None:
        """SIGKILL for the controller and whatever it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def end(self, seconds: float = END_SECONDS) -> int:
        """Wait until the deploy has ended by itself; its exit code."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it did not end within {seconds:.0f} s:\n{self.text}") from None


def power_on() -> None:
    """Switch on what is off in the lab, and wait until it can be logged in to."""
    firstlight("lab", "up", "--name", LAB, timeout=120)


def cut(rack: TestRack, host: str, moment: Moment) -> Deploy:
    """Deploy to ``host`` and cut it off at ``moment``; the host is on again afterwards."""
    deploy = Deploy(rack, host)
    try:
        deploy.reach(moment.operation)
        time.sleep(moment.seconds)
        if moment.victim == "host":
            firstlight("lab", "kill", host, "--name", LAB)
    finally:
        deploy.kill()
    if moment.victim == "host":
        power_on()
    return deploy
