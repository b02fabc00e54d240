"""A lab with SIMULATED GPUs for the tests of the GPU layer: lab1 has one 4090, lab2 eight H100."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from firstlight.lab import manifest
from firstlight.lab import rack as racks
from firstlight.lab.inventory import lab_inventory
from tests.lab import own_labs
from tests.lab.rack import BIN, LAB, ROOT, Run, TestRack, command, firstlight

NAME = f"gpu-{LAB}"
DRIVER = "580.178.04"
NEWER = "595.91.07"
SEEN = "docker run --rm --device nvidia.com/gpu"
FAULTS = {"nouveau": False, "secure_boot": False, "absent": [], "fallen": [], "dkms_fails": []}
BOARD = "/etc/firstlight-lab/hardware.json"
ROLLBACK = "pyinfra INVENTORY deploys/gpu_rollback.py"

# What a run may leave behind when it fails or is cut off, a line each.
LEFT = r"""
dpkg --audit; apt-get -qq check 2>&1
systemctl --failed --plain --no-legend
docker ps -aq --filter name=firstlight-gpu-proof
docker image ls -q firstlight-gpu-proof
ls -d /tmp/tmp.* 2>/dev/null
find /etc /var/lib/firstlight /usr/local/lib/firstlight -name '.firstlight-*'
for p in nvidia-driver-cuda nvidia-kernel-open-dkms nvidia-container-toolkit; do
  apt-mark showhold | grep -qx "$p" || echo "$p is not held"
done
[ "$(nvidia-ctk cdi list 2>/dev/null | grep -c 'nvidia.com/gpu=all')" = 1 ] || nvidia-ctk cdi list
[ "$(modinfo -F version nvidia)" = "$(cat /sys/module/nvidia/version)" ] || echo "module and driver differ"
true
"""

# As it was before firstlight's GPU layer: Docker and the base packages stay, they are others'.
STRIP = r"""
set -e
systemctl -q disable --now firstlight-gpu.service nvidia-persistenced.service 2>/dev/null || :
rm -rf /var/lib/firstlight/gpu /etc/firstlight/gpu /etc/cdi /etc/apt/preferences.d/*nvidia* \
  /etc/modprobe.d/firstlight-nouveau.conf /etc/systemd/system/firstlight-gpu.service \
  /etc/apt/sources.list.d/nvidia-* /etc/apt/keyrings/nvidia-* /etc/apt/apt.conf.d/52firstlight-nvidia
export DEBIAN_FRONTEND=noninteractive
apt-get -qq -y --allow-change-held-packages purge $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' \
  '*nvidia*' libcuda1 | sed -n 's/^\(installed\|config-files\) //p') >/dev/null
"""


@dataclass(frozen=True)
class GpuRack(TestRack):
    """That lab: its hosts deployed to with deploys/gpu.py and gpu_rollback.py."""

    __test__ = False

    @classmethod
    def load(cls) -> GpuRack:
        found = manifest.load(ROOT, NAME)
        assert found is not None
        return cls(found)

    def declared(self, host: str) -> dict[str, Any]:
        """The host's ``nvidia`` settings as the lab's inventory has them."""
        data: dict[str, Any] = dict(lab_inventory(NAME, "llamacpp"))[host]["nvidia"]
        return data

    def words(
        self,
        host: str,
        *flags: str,
        deploy: str = "gpu",
        base: dict[str, Any] | None = None,
        **changes: Any,
    ) -> list[str]:
        """The pyinfra command; ``changes`` are laid over the host's ``nvidia`` settings."""
        words = [str(BIN / "pyinfra"), "-y", "--limit", host, *flags]
        data = {"nvidia": {**self.declared(host), **changes}, "base": base or {}}
        for key, value in data.items():
            words += ["--data", f"{key}={json.dumps(value)}"] if value else []
        return [*words, "inventories/lab.py", f"deploys/{deploy}.py"]

    def gpu(self, host: str, *flags: str, **changes: Any) -> Run:
        """Run the GPU layer on ``host``, as `words` says."""
        words = self.words(host, *flags, **changes)
        return command(*words, timeout=900, FIRSTLIGHT_LAB=NAME, ENGINE="llamacpp")

    def back(self, host: str) -> Run:
        """Return to what was proven before."""
        return self.gpu(host, deploy="gpu_rollback")

    def gpu_changes(self, host: str, **changes: Any) -> tuple[int, int]:
        """Run the layer again; how many operations changed something, and how many failed."""
        run = self.gpu(host, "--json", **changes)
        assert run.code == 0, run.text
        totals = json.loads(run.out)["results"]["totals"]
        return totals["success"], totals["error"]

    def driver(self, host: str) -> str:
        """Version of the module that is loaded; empty where none is."""
        return self.sh(host, "cat /sys/module/nvidia/version 2>/dev/null || true").out.strip()

    def installed(self, host: str, package: str) -> str:
        """Version of a package, empty where it is not installed."""
        show = (
            f"dpkg-query -W -f '${{db:Status-Status}} ${{Version}}' {package} 2>/dev/null || true"
        )
        status, _, version = self.sh(host, show).out.partition(" ")
        return version if status == "installed" else ""

    def boot_id(self, host: str) -> str:
        return own_labs.boot_id(self.state, host)

    def left(self, host: str) -> list[str]:
        """What a run left half-done on ``host``, as lines; nothing where all is well."""
        return self.sh(host, LEFT).out.splitlines()

    def board(self, host: str) -> dict[str, Any]:
        """What is on the host's SIMULATED board, and its switches for faults."""
        described: dict[str, Any] = json.loads(self.sh(host, f"cat {BOARD}").out)
        return described

    def fault(self, host: str, **switches: Any) -> None:
        """Switch faults of the SIMULATED board on; all but ``dkms_fails`` from the next boot on."""
        board = "/usr/lib/firstlight-lab/silicon.sh"
        lines = [f"{board} set {key} '{json.dumps(value)}'" for key, value in switches.items()]
        self.sh(host, "\n".join(lines))

    def mend(self, host: str) -> None:
        """Switch every fault of the board off; rebooted where one counted in this boot."""
        was = self.board(host)
        wrong = {key: value for key, value in FAULTS.items() if was[key] != value}
        self.fault(host, **wrong)
        if set(wrong) - {"dkms_fails"}:
            self.reboot(host)

    def reboot(self, host: str) -> None:
        """Reboot by hand, as an operator would, and wait until the host's units are up."""
        own_labs.reboot(self.state, host)

    def power_cut(self, host: str) -> None:
        """Cut the host's power, and switch it on again."""
        if own_labs.AS_ROOT:
            firstlight("lab", "kill", host, "--name", NAME)
        else:
            racks.switch_off(self.state, host, orderly=False)
        up()
        self.sh(host, "systemctl is-system-running --wait", check=False, timeout=300)

    def strip(self, host: str) -> None:
        """Take the GPU layer off ``host`` and reboot it: no driver is loaded."""
        self.sh(host, STRIP, timeout=120)
        self.reboot(host)
        assert self.driver(host) == ""


def up(*words: str) -> None:
    """Bring the lab up, or what is off in it."""
    firstlight("lab", "up", "--name", NAME, *words, timeout=1200)
