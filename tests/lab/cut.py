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

from firstlight.lab import rack as racks
from tests.lab.rack import LAB, ROOT, TestRack, firstlight

OPERATION = "--> Starting operation: "
REACH_SECONDS = 240
END_SECONDS = 90

Victim = Literal["controller", "host"]


@dataclass(frozen=True)
class Moment:
    """``seconds`` after a ``sign`` within an operation (as pyinfra names it), and who dies then.

    The sign is part of a line that the operation prints; empty: its beginning.
    """

    operation: str
    sign: str
    seconds: float
    victim: Victim


class Deploy:
    """A running deploy, of the stack or as ``words``, as a process group of its own, with what it said so far."""

    def __init__(
        self, rack: TestRack, host: str, *flags: str, words: list[str] | None = None
    ) -> None:
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        self._process = subprocess.Popen(
            words or rack.pyinfra_words(host, *flags),
            cwd=ROOT,
            env={
                **os.environ,
                "FIRSTLIGHT_LAB": rack.state.name,
                "ENGINE": "llamacpp",
                "NO_COLOR": "1",
            },
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

    def met(self, operation: str, sign: str) -> bool:
        """Whether ``operation`` has printed a line with ``sign``, or is over already.

        One that finds its work done by the run before prints nothing: its end is a moment, too.
        """
        lines = list(self.lines)
        begun = f"{OPERATION}{operation}"
        starts = [place for place, line in enumerate(lines) if line.rstrip() == begun]
        after = lines[starts[0] + 1 :] if starts else []
        over = any(line.startswith(OPERATION) for line in after)
        return bool(starts) and (not sign or over or any(sign in line for line in after))

    def reach(self, operation: str, sign: str = "") -> None:
        """Wait for a moment, or for the end of a deploy that had nothing left to do for it."""
        with self._news:
            self._news.wait_for(lambda: self.met(operation, sign) or self._ended, REACH_SECONDS)
        assert self.met(operation, sign) or self.end(10) == 0, (
            f"{operation!r} {sign!r} did not come within {REACH_SECONDS} s:\n{self.text}"
        )

    def freeze(self) -> None:
        """Stop the controller where it is: it gives no further command while a power cut lasts."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGSTOP)

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


def power_off(rack: TestRack, host: str) -> None:
    """Cut the host's power; at once where this process may, since moments are short."""
    if os.geteuid() == 0:
        racks.switch_off(rack.state, host, orderly=False)
    else:
        firstlight("lab", "kill", host, "--name", LAB)


def cut(rack: TestRack, host: str, moment: Moment) -> Deploy:
    """Deploy to ``host`` and cut it off at ``moment``; the host is on again afterwards."""
    deploy = Deploy(rack, host, "-y", "-vvv")
    try:
        deploy.reach(moment.operation, moment.sign)
        time.sleep(moment.seconds)
        if moment.victim == "host":
            deploy.freeze()
            power_off(rack, host)
    finally:
        deploy.kill()
    if moment.victim == "host":
        power_on()
    return deploy
