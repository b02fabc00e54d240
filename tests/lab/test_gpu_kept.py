"""What else moves on a host with GPUs: upgrades by themselves, a new kernel, others' handiwork."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from firstlight.lab.gpus.packages.kernel import NEXT
from tests.lab.archive import TOOLKIT, faulty
from tests.lab.gpu_rack import DRIVER, ROLLBACK, GpuRack
from tests.lab.refused import explained, untouched

NEXT_DRIVER = "580.199.02"
BLACKLIST = "/etc/apt/apt.conf.d/52firstlight-nvidia"
# As an operator sets it up who wants security fixes, and new drivers too.
ALLOWED = """
#clear Unattended-Upgrade::Origins-Pattern;
APT::Periodic::Unattended-Upgrade "1";
Unattended-Upgrade::Origins-Pattern { "origin=firstlight-lab-cuda"; };
"""
KERNEL = f"linux-image-{NEXT} linux-headers-{NEXT}"
APT = "DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends"
OURS = "/var/lib/firstlight/gpu/ours"
SPEC = "/etc/cdi/nvidia.yaml"


def upgraded_by_itself(card: GpuRack, *flags: str) -> str:
    """Debian's own unattended-upgrade, which the hardening has installed, now; what it says."""
    words = " ".join(("unattended-upgrade -v", *flags))
    return card.sh("lab1", f"{words} 2>&1", timeout=120).out


def test_upgrades_that_run_by_themselves_leave_the_driver(card: GpuRack) -> None:
    card.sh("lab1", f"cat >/etc/apt/apt.conf.d/60operator <<'END'{ALLOWED}END")
    boot = card.boot_id("lab1")
    try:
        with faulty(card.state, variant="newer"):
            card.sh("lab1", "apt-get -qq update")
            assert NEXT_DRIVER in card.sh("lab1", "apt-cache policy nvidia-driver-cuda").out
            said = upgraded_by_itself(card)
            assert "will be upgraded" not in said
            assert "libnvidia-ml1 is blacklisted" in said
            assert "nvidia-driver-cuda is marked to be held back" in said
            assert card.installed("lab1", "nvidia-driver-cuda").startswith(DRIVER)
            # Without what firstlight put there it would have moved: the proof of this test.
            card.sh("lab1", f"rm {BLACKLIST}; apt-mark -qq unhold $(apt-mark showhold)")
            said = upgraded_by_itself(card, "--dry-run")
            assert "will be upgraded: libcuda1 libnvidia-ml1 nvidia-driver-cuda" in said
    finally:
        card.sh("lab1", "rm /etc/apt/apt.conf.d/60operator; apt-get -qq update", timeout=120)
    # What was taken away by hand comes back.
    run = card.gpu("lab1")
    assert run.code == 0, run.text
    assert (card.boot_id("lab1"), card.left("lab1")) == (boot, [])
    card.sh("lab1", f"ls {BLACKLIST}")


@pytest.fixture
def next_kernel(card: GpuRack) -> Iterator[GpuRack]:
    """A host whose next kernel is taken away again."""
    yield card
    card.fault("lab1", dkms_fails=[])
    leave = f"{APT} --allow-change-held-packages purge {KERNEL}"
    card.sh("lab1", f"{leave} >/dev/null; rm -rf /lib/modules/{NEXT}", timeout=120)


def test_no_reboot_into_a_kernel_that_the_module_does_not_build_for(next_kernel: GpuRack) -> None:
    card, boot = next_kernel, next_kernel.boot_id("lab1")
    fails, version = [f"{DRIVER} {NEXT}"], f"modinfo -k {NEXT} -F version nvidia"
    card.fault("lab1", dkms_fails=fails)
    card.sh("lab1", f"{APT} install {KERNEL} >/dev/null 2>&1", check=False, timeout=120)
    assert "not found" in card.sh("lab1", f"{version} 2>&1", check=False).out
    half_way = card.gpu("lab1")
    why = f"Autoinstall on {NEXT} failed for module(s) nvidia"
    explained(half_way, why, "packages could not be installed", "run again", ROLLBACK)
    assert (card.boot_id("lab1"), card.driver("lab1")) == (boot, DRIVER)
    card.fault("lab1", dkms_fails=[])
    mended = card.gpu("lab1")
    assert mended.code == 0, mended.text
    assert card.sh("lab1", version).out.strip() == DRIVER
    assert card.sh("lab1", f"cat /boot/vmlinuz-{NEXT}").out.strip() == "SIMULATED kernel"

    # The same where dpkg has nothing to finish: only the module is missing.
    card.fault("lab1", dkms_fails=fails)
    card.sh("lab1", f"dkms remove -m nvidia -v {DRIVER} -k {NEXT} >/dev/null")
    run = card.gpu("lab1")
    explained(run, f"kernel {NEXT}: module missing", "does not build", "the host is not rebooted")
    assert ROLLBACK in run.text
    assert (card.boot_id("lab1"), card.driver("lab1")) == (boot, DRIVER)
    card.fault("lab1", dkms_fails=[])
    mended = card.gpu("lab1")
    assert mended.code == 0, mended.text
    assert (card.sh("lab1", version).out.strip(), card.left("lab1")) == (DRIVER, [])
    assert card.boot_id("lab1") == boot


def test_secure_boot_is_refused_with_the_way_out(card: GpuRack) -> None:
    card.fault("lab1", secure_boot=True)
    card.reboot("lab1")
    with untouched(card):
        run = card.gpu("lab1")
    steps = ("mokutil --import /var/lib/dkms/mok.pub", "Enroll MOK", "mokutil --test-key")
    explained(run, "refused, nothing was changed", "Secure Boot is on", *steps)


def test_a_specification_made_by_hand_is_moved_aside(card: GpuRack) -> None:
    """Two of them for one GPU, and Docker gives none."""
    card.sh("lab1", f"mkdir -p /etc/cdi && cp /var/run/cdi/nvidia.yaml {SPEC}")
    run = card.gpu("lab1")
    assert run.code == 0, run.text
    assert card.sh("lab1", "ls /etc/cdi").out.split() == ["nvidia.yaml.before-firstlight"]
    assert card.left("lab1") == []
    assert card.gpu_changes("lab1") == (0, 0)
    card.sh("lab1", "rm -r /etc/cdi")


def test_a_driver_that_somebody_installed_is_left_alone(card: GpuRack) -> None:
    """The same packages, without the toolkit and without what says that they are firstlight's."""
    ours = "/var/lib/firstlight/gpu /etc/apt/sources.list.d/nvidia-cuda.sources"
    nouveau = "/etc/modprobe.d/firstlight-nouveau.conf"
    tools = f"{APT} --allow-change-held-packages purge {TOOLKIT} >/dev/null"
    card.sh("lab1", f"{tools}; apt-mark -qq unhold $(apt-mark showhold); rm -r {ours} {nouveau}")
    drivers = "dpkg-query -W | grep nvidia | grep -v container; ls /etc/modprobe.d"
    was, boot = card.sh("lab1", drivers).out, card.boot_id("lab1")
    run = card.gpu("lab1", branch=580)
    assert run.code == 0, run.text
    assert f"source preinstalled: driver {DRIVER} works" in run.text
    assert card.sh("lab1", drivers).out == was
    card.sh("lab1", f"! ls {OURS} /etc/apt/sources.list.d/nvidia-cuda.sources")
    held = card.sh("lab1", "apt-mark showhold").out.split()
    assert sorted(held) == sorted(TOOLKIT.split())
    assert (card.boot_id("lab1"), card.gpu_changes("lab1", branch=580)) == (boot, (0, 0))
    card.sh("lab1", f"echo cuda-repo >{OURS}")
