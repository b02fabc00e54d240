"""Eight H100 with NVSwitches: divided and limited for good, and what happens when one is lost."""

from __future__ import annotations

from tests.lab.gpu_rack import DRIVER, NEWER, ROLLBACK, GpuRack
from tests.lab.refused import explained, untouched

HOST = "lab2"
LIMITS = (
    "nvidia-smi --query-gpu=power.limit,mig.mode.current --format=csv,noheader | sort | uniq -c"
)


def devices(board: GpuRack) -> list[str]:
    """The GPUs and parts of GPUs that containers can be given."""
    listed = board.sh(HOST, "nvidia-ctk cdi list").out.split()
    return [name for name in listed if name.startswith("nvidia.com/gpu=") and "-" not in name]


def test_parts_and_power_limit_are_there_after_a_reboot_too(board: GpuRack) -> None:
    beyond = board.gpu(HOST, power_limit=900)
    explained(beyond, "could not be set", "nvidia.power_limit", "between 200.00 W and 700.00 W")
    wanted = {"mig": {"all-1g.10gb": 7}, "power_limit": 500}
    run = board.gpu(HOST, **wanted)
    assert run.code == 0, run.text
    for _ in range(2):
        assert board.sh(HOST, LIMITS).out.split() == ["8", "500.00", "W,", "Enabled"]
        assert len(devices(board)) == 8 * 7 + 1
        assert board.sh(HOST, "nvidia-smi -L").out.count("MIG 1g.10gb") == 8 * 7
        assert board.gpu_changes(HOST, **wanted) == (0, 0)
        board.reboot(HOST)

    whole = board.gpu(HOST, mig={}, power_limit=700)
    assert whole.code == 0, whole.text
    assert board.sh(HOST, LIMITS).out.split() == ["8", "700.00", "W,", "Disabled"]
    assert len(devices(board)) == 8 + 1
    assert board.left(HOST) == []


def test_fewer_gpus_on_the_bus_than_declared_are_refused(board: GpuRack) -> None:
    board.fault(HOST, absent=[7])
    board.reboot(HOST)
    with untouched(board, HOST):
        run = board.gpu(HOST)
    explained(run, "7 of 8 GPUs are on the PCI bus", "lab2: nvidia.count", "0000:61:00.0", "reseat")


def test_a_gpu_that_falls_off_in_the_reboot_of_an_upgrade(board: GpuRack) -> None:
    """Told with its evidence; with the GPU back the next run goes on, and back it goes too."""
    board.fault(HOST, fallen=[7])
    run = board.gpu(HOST, branch=595)
    why = ("the driver does not work as it shall", "Unable to determine the device handle")
    explained(run, *why, "journalctl -k -b", ROLLBACK)
    assert board.driver(HOST) == NEWER
    boot = board.boot_id(HOST)
    explained(board.gpu(HOST, branch=595), *why)
    assert board.boot_id(HOST) == boot

    board.mend(HOST)
    run = board.gpu(HOST, branch=595)
    assert run.code == 0, run.text
    assert board.installed(HOST, "nvidia-fabricmanager").startswith(NEWER)
    back = board.back(HOST)
    assert back.code == 0, back.text
    assert board.installed(HOST, "nvidia-fabricmanager").startswith(DRIVER)
    assert board.driver(HOST) == DRIVER
    assert board.sh(HOST, "systemctl is-active nvidia-fabricmanager").out.strip() == "active"
