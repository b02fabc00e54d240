"""The GPU layer of a host, read from folders made to look like one and from stand-in programs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from firstlight.facts.nvidia import NvidiaProbe
from firstlight.nvidia.state import NvidiaState
from tests.facts import nvidia_hosts as recorded
from tests.facts.machine import Machine
from tests.stubs import Stubs


@pytest.fixture
def machine(tmp_path: Path, stubs: Stubs) -> Machine:
    return Machine(tmp_path / "root", stubs)


def test_a_bare_machine(machine: Machine) -> None:
    assert machine.read() == NvidiaState(
        kernel="6.12.57",
        next_kernel="6.12.57",
        boot_id=Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
    )


def test_cards_and_switches_of_this_vendor_only(machine: Machine) -> None:
    machine.device("0000:01:00.0", "0x10de", "0x2684", "0x030000", "nouveau")
    machine.device("0000:01:00.1", "0x10de", "0x22ba", "0x040300")
    machine.device("0000:02:00.0", "0x10de", "0x2330", "0x030200")
    machine.device("0000:03:00.0", "0x10de", "0x22a3", "0x068000")
    machine.device("0000:04:00.0", "0x1af4", "0x1050", "0x030000")
    machine.device("0000:05:00.0", "0x10de", "0x1ad8", "0x068000")  # no switch: another bridge
    machine.write("/sys/module/nouveau/initstate", "live")
    found = machine.read()
    assert [(d.address, d.device, d.driver) for d in found.gpus_on_bus] == [
        ("0000:01:00.0", 0x2684, "nouveau"),
        ("0000:02:00.0", 0x2330, ""),
    ]
    assert [d.device for d in found.switches] == [0x22A3] and found.nouveau


def test_modules_and_headers_of_every_kernel(machine: Machine) -> None:
    for kernel in ("6.12.57", "6.12.9", "6.12.63", "6.1.0-removed"):
        machine.write(f"/lib/modules/{kernel}/modules.dep")
    for kernel in ("6.12.9", "6.12.63", "6.12.57"):
        machine.write(f"/boot/vmlinuz-{kernel}")
    machine.write("/lib/modules/6.12.57/build/Makefile")
    (machine.root / "lib/modules/6.12.63/build").symlink_to("/nowhere")
    machine.stubs.add("modinfo", "case $2 in 6.12.63) exit 1;; esac; echo 580.178.04")
    found = machine.read()
    assert (found.kernel, found.next_kernel) == ("6.12.57", "6.12.63")
    assert found.modules == {"6.12.57": "580.178.04", "6.12.9": "580.178.04"}
    assert found.headers == {"6.12.57"}
    machine.prints("grubby", "/boot/vmlinuz-6.12.9\n")
    assert machine.read().next_kernel == "6.12.9"


@pytest.mark.parametrize(("last", "on"), [(b"\1", True), (b"\0", False)])
def test_secure_boot(last: bytes, on: bool, machine: Machine) -> None:
    name = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
    machine.write(f"/sys/firmware/efi/efivars/{name}", b"\6\0\0\0" + last)
    machine.write("/var/lib/dkms/mok.pub")
    machine.prints("mokutil", "mok.pub is not enrolled\n")
    found = machine.read()
    assert (found.secure_boot, found.enrolled) == (on, False)
    machine.prints("mokutil", "mok.pub is already enrolled\n", 1)
    assert machine.read().enrolled is on


def test_a_driver_that_works(machine: Machine) -> None:
    machine.write("/sys/module/nvidia/version", "580.178.04\n")
    machine.write("/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.580.178.04")
    machine.write("/var/lib/dpkg/status", "x")
    machine.prints("dpkg-query", recorded.PACKAGES)
    machine.prints("nvidia-smi", recorded.RTX_4090)
    machine.stubs.add("nvidia-ctk", recorded.TOOLKIT)
    machine.write("/var/run/cdi/nvidia.yaml", "cdiVersion: 0.5.0\nkind: nvidia.com/gpu\n")
    machine.write("/etc/cdi/other.yaml", "kind: vendor.com/net\n")
    found = machine.read()
    (gpu,) = found.gpus
    assert (gpu.index, gpu.name, gpu.memory) == (0, "NVIDIA GeForce RTX 4090", 24564 * 2**20)
    assert (gpu.compute_capability, gpu.mig, gpu.power_limit) == ("8.9", "", 450.0)
    assert (found.loaded, found.user_space, found.smi_error) == ("580.178.04", "580.178.04", "")
    assert found.packages == {
        "nvidia-driver-cuda": "580.178.04-1",
        "nvidia-container-toolkit": "1.20.0-1",
    }
    assert found.holds == {"nvidia-driver-cuda"} and found.toolkit == "1.20.0"
    assert found.cdi_devices == {"nvidia.com/gpu=0", "nvidia.com/gpu=all"}
    assert [Path(path).name for path in found.cdi_specs] == ["nvidia.yaml"]


def test_eight_h100_with_nvswitch(machine: Machine) -> None:
    machine.write("/proc/driver/nvidia/version", recorded.OPEN_MODULE)
    machine.write("/var/lib/dpkg/status", "x")
    machine.prints("dpkg-query", "installed install nvidia-fabricmanager 580.178.04-1\n")
    machine.write("/out/query", recorded.HGX)
    machine.write("/out/details", recorded.HGX_DETAILS)
    machine.stubs.add(
        "nvidia-smi", f'cd "{machine.root}/out"; case $1 in -q) cat details;; *) cat query;; esac'
    )
    machine.stubs.add("nv-fabricmanager")
    machine.stubs.add("systemctl")
    found = machine.read()
    assert (found.loaded, len(found.gpus)) == ("580.178.04", 8)
    assert {gpu.mig for gpu in found.gpus} == {"disabled"}
    assert (found.fabric.manager, found.fabric.active) == ("580.178.04-1", True)
    assert (found.fabric.state, found.fabric.status) == ("Completed", "Success")
    # However many GPUs there are, the driver is asked a fixed number of times.
    assert len(machine.stubs.calls("nvidia-smi")) == 2
    machine.write("/out/details", recorded.HGX_DETAILS.replace("Completed", "In Progress", 1))
    assert machine.read().fabric.state == "In Progress"


def test_parts_of_a_gpu(machine: Machine) -> None:
    machine.write("/out/query", recorded.HGX.replace("Disabled", "Enabled", 1))
    machine.write("/out/list", recorded.MIG_LIST)
    machine.stubs.add(
        "nvidia-smi", f'cd "{machine.root}/out"; case $1 in -L) cat list;; *) cat query;; esac'
    )
    first, second, *_ = machine.read().gpus
    assert (first.mig, first.mig_devices) == ("enabled", ("3g.40gb", "1g.10gb"))
    assert (second.mig, second.mig_devices) == ("disabled", ())


@pytest.mark.parametrize(
    ("said", "code"),
    [(recorded.MISMATCH, 18), (recorded.NOT_LOADED, 9), (recorded.LOST, 15)],
)
def test_what_nvidia_smi_says_when_it_fails(said: str, code: int, machine: Machine) -> None:
    machine.prints("nvidia-smi", said, code)
    machine.prints("dmesg", "usb 1\n[ 3.1] NVRM: Xid (PCI:0000:41:00): 79, GPU has fallen off\n")
    found = machine.read()
    assert found.smi_error and found.smi_error in said.replace("\n", "; ")
    assert len(found.gpus) == said.count("GPU-")
    assert found.evidence == ("[ 3.1] NVRM: Xid (PCI:0000:41:00): 79, GPU has fallen off",)


def test_a_driver_that_hangs(machine: Machine) -> None:
    """The stand-in for timeout has less patience than the real one."""
    machine.stubs.add("nvidia-smi", "exec sleep 100")
    machine.stubs.add(
        "timeout",
        'while :; do case $1 in -k) shift 2;; *) break;; esac; done; shift; exec /usr/bin/timeout 1 "$@"',
    )
    started = time.monotonic()
    assert machine.read().smi_error == "nvidia-smi did not answer within 120 seconds"
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("path", "text", "recorded"),
    [
        ("/var/lib/firstlight/gpu/good.json", '{"source": "preinstalled"}', False),
        ("/var/lib/firstlight/gpu/good.json", '{"source": "cuda-repo"}', True),
        ("/var/lib/firstlight/gpu/ours", "", True),
        ("/etc/apt/sources.list.d/nvidia-cuda.sources", "", False),
        ("/etc/yum.repos.d/nvidia-cuda.repo", "", False),
        ("/etc/apt/sources.list.d/cuda-debian13-x86_64.list", "", False),
    ],
)
def test_whose_driver_it_is(path: str, text: str, recorded: bool, machine: Machine) -> None:
    machine.write(path, text)
    assert machine.read().recorded is recorded


@pytest.mark.parametrize(
    "garbage",
    [
        [""],
        ["pci="],
        ["pci=x y z"],
        ["gpu=a,b"],
        ["module=x"],
        ["package=x"],
        ["\x00=\xff", "mig="],
    ],
)
def test_garbage_never_raises(garbage: list[str]) -> None:
    assert NvidiaProbe().process(garbage) == NvidiaState()
