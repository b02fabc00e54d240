"""The power button of one virtual machine: `python -m firstlight.lab.vm.supervisor HOST_DIR`.

It holds the machine's cable, keeps its console, and counts its boots: QEMU itself starts a guest
that reboots again. SIGTERM is the power button. If this process is killed, QEMU dies with it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

from firstlight.errors import FirstlightError
from firstlight.lab import cgroup
from firstlight.lab.process import Process
from firstlight.lab.state import read_json, write_json
from firstlight.lab.supervisor import ConsoleLog
from firstlight.lab.vm import tap
from firstlight.lab.vm.channel import Channel

CONNECT_SECONDS = 30
STOP_SECONDS = 120
PRESS_SECONDS = 5
# Longer than any run of a lab: events are waited for, not asked for.
LISTEN_SECONDS = 7 * 86400.0


class Supervisor:
    """Runs QEMU for one host until the guest powers off or SIGTERM arrives."""

    def __init__(self, folder: Path, machine: dict[str, Any]) -> None:
        self.folder = folder
        self.machine = machine
        self.log = ConsoleLog(folder / "console.log")
        self.boots = 1
        self.stopping = threading.Event()
        self.qemu: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """QEMU's exit code: 0 after a power-off."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        cable = tap.connect(*self.machine["tap"])
        argv = [word.replace("{tap}", str(cable)) for word in self.machine["argv"]]
        # setpriv: if this process is killed, the kernel kills QEMU.
        self.qemu = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[cable],
        )
        os.close(cable)
        self._note()
        threading.Thread(target=self._listen, daemon=True).start()
        assert self.qemu.stdout is not None
        while data := os.read(self.qemu.stdout.fileno(), 65536):
            self.log.write(data)
        code = self.qemu.wait()
        self.log.write(f"\n[firstlight] after {self.boots} boots QEMU ended with {code}\n".encode())
        return code

    def _note(self) -> None:
        assert self.qemu is not None
        write_json(
            self.folder / "supervisor.json",
            {
                "supervisor": Process.of(os.getpid()).to_json(),
                "qemu": Process.of(self.qemu.pid).to_json(),
                "boots": self.boots,
            },
        )

    def _listen(self) -> None:
        """Count the guest's own reboots, and press its power button when it is to stop."""
        deadline = time.monotonic() + CONNECT_SECONDS
        while time.monotonic() < deadline and not self._converse():
            time.sleep(0.1)

    def _converse(self) -> bool:
        try:
            with Channel(self.folder / "qmp.sock", CONNECT_SECONDS) as channel:
                channel.ask("qmp_capabilities")
                self._press(channel)
                self._follow(channel)
            return True
        except FirstlightError:
            # Not there yet, or gone with QEMU: whoever reads its console sees that end.
            return self.qemu is None or self.qemu.poll() is not None

    def _press(self, channel: Channel) -> None:
        def wait() -> None:
            self.stopping.wait()
            with contextlib.suppress(FirstlightError):
                # A guest that is still booting does not heed it: pressed until QEMU has ended.
                for _ in range(STOP_SECONDS // PRESS_SECONDS):
                    channel.send("system_powerdown")
                    time.sleep(PRESS_SECONDS)

        threading.Thread(target=wait, daemon=True).start()

    def _follow(self, channel: Channel) -> None:
        deadline = time.monotonic() + LISTEN_SECONDS
        while time.monotonic() < deadline:
            event = channel.receive(deadline - time.monotonic())
            if event.get("event") == "RESET" and event.get("data", {}).get("guest"):
                self.boots += 1
                self.log.write(f"\n[firstlight] boot {self.boots}\n".encode())
                self._note()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping.set()
        if self.qemu is not None:
            # A guest that does not shut down in time loses its power.
            timer = threading.Timer(STOP_SECONDS, self.qemu.kill)
            timer.daemon = True
            timer.start()


def main() -> int:
    """Supervise the host whose folder is the only argument, as its machine.json says."""
    folder = Path(sys.argv[1])
    machine = read_json(folder / "machine.json")
    if machine is None:
        print(f"{folder}/machine.json is missing", file=sys.stderr)
        return 2
    if machine["own_cgroup"]:
        cgroup.enter(machine["lab"], machine["host"], cgroup.here())
    try:
        return Supervisor(folder, machine).run()
    finally:
        (folder / "supervisor.json").unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
