"""Hosts that have the firewall and nothing else: one on Debian 13, one on Debian 12."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any

from firstlight.lab.state import Rack
from tests.lab import own_labs
from tests.lab.rack import BIN, Run, command

HOSTS = ("lab1", "lab2")
TABLE = "nft --stateless list table inet firstlight"
KEEP = "systemctl start firstlight-firewall-keep.service"
# On every address, also those of IPv6.
LISTENER = """
systemd-run --quiet --unit=stranger-{port} --collect python3 -c '
import socket, time
made = socket.create_server(("::", {port}), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    connection, _ = made.accept(); connection.sendall(b"stranger"); connection.close()
'
until ss -Htln "sport = {port}" | grep -q .; do sleep 0.1; done
"""


@dataclass(frozen=True)
class Walled:
    """The lab ``state``, whose hosts are deployed to with deploys/firewall.py."""

    state: Rack

    def words(self, *flags: str, deploy: str, **data: Any) -> list[str]:
        """The pyinfra command; ``data`` are keys of every host."""
        words = [str(BIN / "pyinfra"), "-y", *flags]
        for key, value in data.items():
            words += ["--data", f"{key}={json.dumps(value)}"]
        return [*words, "tests/lab/inventories/ground.py", deploy]

    def deploy(self, *flags: str, deploy: str = "deploys/firewall.py", **data: Any) -> Run:
        words = self.words(*flags, deploy=deploy, **data)
        return command(*words, FIRSTLIGHT_LAB=self.state.name)

    def changes(self) -> tuple[int, int]:
        """Deploy again; how many operations changed something, and how many failed."""
        run = self.deploy("--json")
        assert run.code == 0, run.text
        totals = json.loads(run.out)["results"]["totals"]
        return totals["success"], totals["error"]

    def sh(self, host: str, script: str, **options: Any) -> str:
        """Run a script as root; its output."""
        return own_labs.sh(self.state, host, f"sudo sh -s <<'END'\n{script}\nEND", **options)

    def address(self, host: str) -> str:
        return self.state.hosts[host].address

    def greeting(self, host: str, port: int, seconds: float = 1.0) -> bytes:
        """What answers at a port of ``host``, asked from the control machine; empty: nobody."""
        try:
            with socket.create_connection((self.address(host), port), seconds) as connection:
                return connection.recv(64)
        except OSError:
            return b""
