"""The power button of one host: `python -m firstlight.lab.supervisor HOST_DIR`.

systemd-nspawn ends with 133 when its guest reboots, so somebody has to start it again. This
process does, and nothing more. SIGTERM is the power button: an orderly shutdown. If it is
killed, nspawn dies with it, and `firstlight.lab.leftovers` finds the guest by its control group.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import IO

from firstlight.lab import cgroup
from firstlight.lab.process import Process
from firstlight.lab.state import read_json, write_json

REBOOT = 133
LOG_BYTES = 512 * 1024
STOP_SECONDS = 60
# A guest that reboots at once, again and again, is broken and must not burn the machine.
QUICK_SECONDS = 1.0
QUICK_REBOOTS = 5


class ConsoleLog:
    """The guest's console, kept in one file and its predecessor, each at most LOG_BYTES."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stream: IO[bytes] = path.open("ab")

    def write(self, data: bytes) -> None:
        """Append, and begin a new file when this one is full."""
        self.stream.write(data)
        self.stream.flush()
        if self.stream.tell() > LOG_BYTES:
            self.stream.close()
            self.path.replace(self.path.with_suffix(".log.1"))
            self.stream = self.path.open("ab")


class Supervisor:
    """Runs nspawn for one host until the guest powers off or SIGTERM arrives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = ConsoleLog(folder / "console.log")
        self.stopping = False
        self.nspawn: subprocess.Popen[bytes] | None = None

    def run(self, argv: list[str]) -> int:
        """The guest's last exit code: 0 after a power-off."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        quick = boots = 0
        while True:
            boots += 1
            began = time.monotonic()
            code = self._boot(argv, boots)
            quick = quick + 1 if time.monotonic() - began < QUICK_SECONDS else 0
            self.log.write(f"\n[firstlight] boot {boots} ended with {code}\n".encode())
            if self.stopping or code != REBOOT or quick >= QUICK_REBOOTS:
                return code

    def _boot(self, argv: list[str], boots: int) -> int:
        # setpriv: if this process is killed, the kernel kills nspawn.
        self.nspawn = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        write_json(
            self.folder / "supervisor.json",
            {
                "supervisor": Process.of(os.getpid()).to_json(),
                "nspawn": Process.of(self.nspawn.pid).to_json(),
                "boots": boots,
            },
        )
        if self.stopping:
            self.nspawn.terminate()
        assert self.nspawn.stdout is not None
        while data := os.read(self.nspawn.stdout.fileno(), 65536):
            self.log.write(data)
        return self.nspawn.wait()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True
        nspawn = self.nspawn
        if nspawn is not None and nspawn.poll() is None:
            nspawn.terminate()
            # A guest that does not shut down in time loses its power.
            timer = threading.Timer(STOP_SECONDS, nspawn.kill)
            timer.daemon = True
            timer.start()


def main() -> int:
    """Supervise the host whose folder is the only argument, as its host.json says."""
    folder = Path(sys.argv[1])
    machine = read_json(folder / "machine.json")
    if machine is None:
        print(f"{folder}/machine.json is missing", file=sys.stderr)
        return 2
    if machine["own_cgroup"]:
        cgroup.enter(machine["lab"], machine["host"], cgroup.here())
    code = 1
    try:
        code = Supervisor(folder).run(list(machine["argv"]))
    finally:
        (folder / "supervisor.json").unlink(missing_ok=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
