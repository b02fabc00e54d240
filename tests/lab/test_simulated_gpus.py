"""A lab host with a SIMULATED GPU, driven by hand: what is real about it really works.

apt, signatures, pinning, DKMS, systemd and the reboot are real; the card is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from firstlight.lab.state import Rack
from tests.lab import archive, own_labs
from tests.lab.own_labs import sh
from tests.lab.rack import WORKER, firstlight

NAME = f"gpus-a{WORKER}"
HOST = "lab1"
VERSION, OLDER, NEWER = "580.178.04", "580.159.03", "580.199.02"
DRIVER = f"nvidia-driver-cuda nvidia-kernel-open-dkms {archive.HEADERS}"
CARD = "NVIDIA GeForce RTX 4090 SIMULATED"


@pytest.fixture(scope="module")
def bare() -> Iterator[Rack]:
    """A lab of one host with a card; gone afterwards."""
    own_labs.up(NAME, "--gpus", "rtx4090")
    yield own_labs.load(NAME)
    firstlight("lab", "down", "--purge", "--name", NAME)


@dataclass(frozen=True)
class Driven:
    """The lab after its driver was installed and the host rebooted; what was said before that."""

    rack: Rack
    candidate: str
    before: str


@pytest.fixture(scope="module")
def driven(bare: Rack) -> Driven:
    archive.add(bare, HOST)
    archive.install(bare, HOST, "nvidia-driver-pinning-580")
    candidate = sh(bare, HOST, "apt-cache policy nvidia-driver-cuda | grep Candidate")
    archive.install(bare, HOST, f"{DRIVER} {archive.TOOLKIT}")
    before = sh(
        bare,
        HOST,
        "set +e; /sbin/modinfo -F version nvidia; sudo modprobe nvidia 2>&1; echo modprobe $?\n"
        "nvidia-smi -L; echo smi $?; ls /sys/module/nvidia /dev/nvidia0 2>&1 | grep -c cannot",
        check=False,
    )
    own_labs.reboot(bare, HOST)
    return Driven(bare, candidate, before)


def test_a_bare_host_has_a_card_and_nothing_that_drives_it(bare: Rack) -> None:
    assert bare.hosts[HOST].gpus == "rtx4090"
    pci = sh(bare, HOST, "cd /sys/bus/pci/devices; cat */vendor */device */class")
    assert {"0x10de", "0x2684", "0x030000"} <= set(pci.split())
    gone = (
        "set +e; command -v nvidia-smi dkms; ls /dev/nvidia0 /sys/module/nvidia 2>/dev/null; true"
    )
    assert sh(bare, HOST, gone) == ""
    unit = sh(bare, HOST, "systemctl show -p Description,ActiveState firstlight-lab-gpus")
    assert unit.splitlines() == [
        "Description=SIMULATED GPUs of this lab host",
        "ActiveState=active",
    ]
    assert sh(bare, HOST, "systemctl is-system-running --wait") == "running"
    # systemd would start udev in a guest whose /sys can be written.
    assert "ro," in sh(bare, HOST, "findmnt -no OPTIONS /sys")


def test_the_module_is_there_after_a_reboot_only(driven: Driven) -> None:
    assert driven.candidate.split()[-1] == f"{VERSION}-1"
    lines = driven.before.splitlines()
    assert lines[0] == VERSION
    assert {"SIMULATED: this module is loaded at boot only", "modprobe 1", "smi 9"} <= set(lines)
    assert "couldn't communicate with the NVIDIA driver" in driven.before
    assert lines[-1] == "2"
    read = "cat /sys/module/nvidia/version; sudo modprobe nvidia && nvidia-smi -L"
    version, card = sh(driven.rack, HOST, read).splitlines()
    assert version == VERSION
    assert card.startswith(f"GPU 0: {CARD} (UUID: GPU-")
    proc = sh(driven.rack, HOST, "cat /proc/driver/nvidia/version")
    assert f"Open Kernel Module for x86_64  {VERSION}  Release Build  (SIMULATED)" in proc or (
        "aarch64" in proc
    )


def test_apt_refuses_what_is_wrong_with_the_archive(driven: Driven) -> None:
    deb = f"nvidia-driver-cuda_{OLDER}-1_$(dpkg --print-architecture).deb"
    name = sh(driven.rack, HOST, f"echo {deb}")
    get = f"cd /tmp && apt-get -qq -o Acquire::Retries=0 download nvidia-driver-cuda={OLDER}-1 2>&1"
    with archive.faulty(driven.rack, variant="stranger"):
        assert "sqv" in (said := archive.update(driven.rack, HOST, check=False)) or "PUBKEY" in said
    with archive.faulty(driven.rack, status={"*": 503}):
        assert "503" in archive.update(driven.rack, HOST, check=False)
    with archive.faulty(driven.rack, cut_after={name: 500}):
        assert "E: Failed to fetch" in sh(driven.rack, HOST, get, check=False)
    with archive.faulty(driven.rack, corrupt=[name]):
        assert "E: Failed to fetch" in sh(driven.rack, HOST, get, check=False)
    archive.update(driven.rack, HOST)
    sh(driven.rack, HOST, get)


def test_newer_libraries_do_not_talk_to_the_loaded_module(driven: Driven) -> None:
    """The last one: it leaves the host with libraries that want a reboot."""
    with archive.faulty(driven.rack, variant="newer"):
        archive.update(driven.rack, HOST)
        archive.install(driven.rack, HOST, "libnvidia-ml1")
    assert sh(driven.rack, HOST, "cat /sys/module/nvidia/version") == VERSION
    assert sh(driven.rack, HOST, "/sbin/modinfo -F version nvidia") == NEWER
    said = sh(driven.rack, HOST, "set +e; nvidia-smi -L; echo $?").splitlines()
    assert said[0] == "Failed to initialize NVML: Driver/library version mismatch"
    assert said[-1] == "18"


def test_a_reset_keeps_the_card(driven: Driven) -> None:
    before = sh(driven.rack, HOST, "sudo /usr/lib/firstlight-lab/silicon.sh show | grep uuid")
    firstlight("lab", "reset", HOST, "--name", NAME)
    assert (
        sh(driven.rack, HOST, "sudo /usr/lib/firstlight-lab/silicon.sh show | grep uuid") == before
    )
