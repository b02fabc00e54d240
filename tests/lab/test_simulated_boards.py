"""A lab host with a SIMULATED board of eight H100 on NVSwitches: its fabric and its MIG devices."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from firstlight.lab.state import Rack
from tests.lab import archive, own_labs
from tests.lab.own_labs import sh
from tests.lab.rack import WORKER, firstlight

NAME = f"gpus-b{WORKER}"
HOST = "lab1"
VERSION, OTHER = "580.178.04", "580.159.03"
FABRIC = "set +e; sudo systemctl restart nvidia-fabricmanager; systemctl is-active nvidia-fabricmanager; true"
STATE = "nvidia-smi -q -i 7 | grep -A2 Fabric"


@pytest.fixture(scope="module")
def board() -> Iterator[Rack]:
    """A lab of one host with the board and its driver; gone afterwards."""
    own_labs.up(NAME, "--gpus", "lab1=8xh100")
    rack = own_labs.load(NAME)
    archive.add(rack, HOST)
    archive.install(rack, HOST, "nvidia-driver-pinning-580")
    driver = f"nvidia-driver-cuda nvidia-kernel-open-dkms {archive.HEADERS}"
    archive.install(rack, HOST, f"{driver} nvidia-fabricmanager={OTHER}-1 {archive.TOOLKIT}")
    own_labs.reboot(rack, HOST)
    yield rack
    firstlight("lab", "down", "--purge", "--name", NAME)


def test_the_switches_are_on_the_bus(board: Rack) -> None:
    ids = sh(board, HOST, "cat /sys/bus/pci/devices/*/device").split()
    assert (ids.count("0x2330"), ids.count("0x22a3")) == (8, 4)
    assert len(sh(board, HOST, "nvidia-smi -L").splitlines()) == 8


def test_the_fabric_manager_runs_at_the_drivers_version_only(board: Rack) -> None:
    assert sh(board, HOST, FABRIC) == "failed"
    log = sh(board, HOST, "sudo journalctl -u nvidia-fabricmanager -o cat")
    assert f"version {OTHER} don't match with driver version {VERSION}" in log
    assert "In Progress" in sh(board, HOST, STATE)
    archive.install(board, HOST, f"nvidia-fabricmanager={VERSION}-1")
    assert sh(board, HOST, FABRIC) == "active"
    assert {"Completed", "Success"} <= set(sh(board, HOST, STATE).split())


def test_mig_devices_are_made_named_and_lost_at_a_reboot(board: Rack) -> None:
    make = "sudo nvidia-smi -i 0 -mig 1 && sudo nvidia-smi mig -i 0 -cgi 19,19,3g.40gb -C"
    sh(board, HOST, make)
    listed = sh(board, HOST, "nvidia-smi -L").splitlines()
    assert [line.split()[1] for line in listed[1:4]] == ["1g.10gb", "1g.10gb", "3g.40gb"]
    full = "set +e; sudo nvidia-smi mig -i 0 -cgi 4g.40gb; echo $?"
    assert "Insufficient Resources" in (said := sh(board, HOST, full))
    assert said.endswith("19")
    # A MIG change triggers nothing: the specification has to be made again.
    devices = "nvidia-ctk cdi list 2>/dev/null | grep -E 'gpu=[0-9]'"
    assert "nvidia.com/gpu=0:2" not in sh(board, HOST, devices)
    sh(board, HOST, "sudo systemctl restart nvidia-cdi-refresh")
    found = sh(board, HOST, devices).split()
    wanted = [f"nvidia.com/gpu={name}" for name in ("0:0", "0:1", "0:2", *"1234567")]
    assert found == wanted
    own_labs.reboot(board, HOST)
    assert sh(board, HOST, "nvidia-smi -L | grep -c MIG || true") == "0"
    assert sh(
        board, HOST, "nvidia-smi -i 0 --query-gpu=mig.mode.current --format=csv,noheader"
    ) == ("Disabled")


def test_a_gpu_that_has_fallen_off_the_bus(board: Rack) -> None:
    silicon = "sudo /usr/lib/firstlight-lab/silicon.sh set"
    sh(board, HOST, f"{silicon} fallen '[3]'; {silicon} absent '[7]'")
    own_labs.reboot(board, HOST)
    ids = sh(board, HOST, "cat /sys/bus/pci/devices/*/device").split()
    assert ids.count("0x2330") == 7
    said = sh(board, HOST, "set +e; nvidia-smi -L; echo $?").splitlines()
    assert "Unable to determine the device handle for GPU3" in said[3]
    assert (len(said), said[-1]) == (8, "15")
