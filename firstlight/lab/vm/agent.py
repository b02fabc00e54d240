"""Commands inside a guest through its agent (qemu-guest-agent): no network, no sshd needed."""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.lab.supervised import GUEST_PATH
from firstlight.lab.vm.channel import Channel

SYNC_SECONDS = 10
COMMAND_SECONDS = 600
POLL_SECONDS = 0.5  # each question costs the guest a line in its journal


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it wrote."""

    code: int
    out: bytes
    err: bytes


def execute(path: Path, argv: Sequence[str], seconds: float = COMMAND_SECONDS) -> Ended:
    """Run ``argv`` as root in the guest whose agent's socket is at ``path``.

    It has no input and no terminal; what it writes comes when it has ended. A shell's exit codes:
    127 where there is no such program, 128 + N after signal N.
    """
    with Channel(path, SYNC_SECONDS) as channel:
        _synchronise(channel)
        environment = [f"PATH={GUEST_PATH}", "HOME=/root", "TERM=dumb"]
        # Through env: else a program that is missing is an error of the agent, not an exit code.
        words = ["-i", *environment, *argv]
        began = channel.ask(
            "guest-exec", {"path": "/usr/bin/env", "arg": words, "capture-output": True}
        )
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = channel.ask("guest-exec-status", {"pid": began["pid"]})
            if found["exited"]:
                signal = found.get("signal")
                code = int(found["exitcode"]) if signal is None else 128 + int(signal)
                out, err = (base64.b64decode(found.get(k, "")) for k in ("out-data", "err-data"))
                return Ended(code, out, err)
            time.sleep(POLL_SECONDS)
    raise FirstlightError(
        f"the command did not end within {seconds:.0f} s", where=str(path), why=" ".join(argv)
    )


def _synchronise(channel: Channel) -> None:
    """Pass over what the agent still had to say to somebody who left before the answer."""
    mark = random.randrange(2**31)
    channel.send("guest-sync-delimited", {"id": mark})
    deadline = time.monotonic() + SYNC_SECONDS
    while channel.receive(deadline - time.monotonic()).get("return") != mark:
        pass
