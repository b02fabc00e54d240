"""Eight H100 with NVSwitches: divided and limited for good, and what happens when one is lost."""

from __future__ import annotations

from tests.lab.archive import faulty
from tests.lab.gpu_rack import DRIVER, NEWER, ROLLBACK, GpuRack
from tests.lab.refused import explained, untouched
from tests.lab.test_gpu_packages import as_before

HOST = "lab2"
DEB = "nvidia-driver-cuda_595.91.07-1_amd64.deb"
LIMITS = (
    "nvidia-smi --query-gpu=power.limit,mig.mode.current --format=csv,noheader | sort | uniq -c"
)


def devices(board: GpuRack) -> list[str]:
    """The GPUs and parts of GPUs that containers can be given."""
    listed = board.sh(HOST, "nvidia-ctk cdi list").out.split()
    return [name for name in listed if name.startswith("nvidia.com/gpu=") and "-" not in name]


def pins(board: GpuRack) -> list[str]:
    """The vendor's preferences that apt reads: those of a package that left would still count."""
    return board.sh(HOST, "ls /etc/apt/preferences.d | grep -v firstlight").out.split()


def test_parts_and_power_limit_are_there_after_a_reboot_too(board: GpuRack) -> None:
    beyond = board.gpu(HOST, power_limit=900)
    explained(beyond, "could not be set", "nvidia.power_limit", "between 200.00 W and 700.00 W")
    wanted = {"mig": {"all-1g.10gb": 7}, "power_limit": 500}
    run = board.gpu(HOST, **wanted)
    assert run.code == 0, run.text
    for reboots in range(2):
        if reboots:
            board.reboot(HOST)
        assert board.sh(HOST, LIMITS).out.split() == ["8", "500.00", "W,", "Enabled"]
        assert len(devices(board)) == 8 * 7 + 1
        assert board.sh(HOST, "nvidia-smi -L").out.count("MIG 1g.10gb") == 8 * 7
        assert board.gpu_changes(HOST, **wanted) == (0, 0)

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


def test_an_upgrade_that_fails_twice_is_gone_on_with_and_gone_back_from(board: GpuRack) -> None:
    """First the archive breaks off in the middle, then a GPU falls off in the reboot.

    Both are told with their evidence; the next run goes on, and back it goes to what was proven.
    """
    board.sh(HOST, "apt-get clean")
    with faulty(board.state, cut_after={DEB: 500}):
        run = board.gpu(HOST, branch=595)
    explained(run, "packages could not be installed", "nvidia-driver-cuda 595", DEB, "run again")
    as_before(board, HOST)

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
    assert (board.driver(HOST), board.left(HOST)) == (NEWER, [])
    assert pins(board) == ["nvidia-driver-pinning-595"]
    assert board.installed(HOST, "nvidia-fabricmanager").startswith(NEWER)

    back = board.gpu(HOST, deploy="gpu_rollback", branch=595)
    assert back.code == 0, back.text
    assert "set nvidia.branch to 580, or the next run" in back.text
    as_before(board, HOST)
    for package in ("nvidia-kernel-open-dkms", "nvidia-fabricmanager"):
        assert board.installed(HOST, package).startswith(DRIVER)
    assert board.sh(HOST, "systemctl is-active nvidia-fabricmanager").out.strip() == "active"
    assert pins(board) == ["nvidia-driver-pinning-580"]
    assert board.gpu_changes(HOST) == (0, 0)
    explained(board.back(HOST), "no other driver to return to", "nvidia.branch")
