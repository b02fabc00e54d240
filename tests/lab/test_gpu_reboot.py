"""The reboot that a driver takes: allowed or not, come back from or not, cut off before."""

from __future__ import annotations

import time

from tests.lab.cut import Deploy
from tests.lab.gpu_rack import DRIVER, NAME, NEWER, ROLLBACK, GpuRack
from tests.lab.own_labs import BOOT_ID
from tests.lab.rack import firstlight
from tests.lab.refused import explained

BLACKLIST = "/etc/modprobe.d/firstlight-nouveau.conf"
RUNNING = "Nvidia | Have the driver running"


def nouveau_first(card: GpuRack) -> None:
    """Have the card be nouveau's, as if nobody had ever kept it out of the boot."""
    card.fault("lab1", nouveau=True)
    card.sh("lab1", f"rm {BLACKLIST}")
    card.reboot("lab1")
    assert card.driver("lab1") == ""


def test_without_leave_the_host_is_not_rebooted_and_goes_on_after_one_by_hand(
    card: GpuRack,
) -> None:
    nouveau_first(card)
    boot = card.boot_id("lab1")
    never = card.gpu("lab1", reboot="never")
    why = (
        "reboot needed, and not done",
        "nouveau holds the GPU",
        "nvidia.reboot",
        "then run again",
    )
    explained(never, *why, f"driver {DRIVER} is not loaded")
    asked = card.gpu("lab1", reboot="ask")  # and no terminal is there to answer
    explained(asked, *why)
    assert card.boot_id("lab1") == boot
    card.sh("lab1", f"grep -x 'blacklist nouveau' {BLACKLIST}")

    card.reboot("lab1")
    boot = card.boot_id("lab1")
    run = card.gpu("lab1", reboot="never")
    assert run.code == 0, run.text
    assert (card.boot_id("lab1"), card.driver("lab1")) == (boot, DRIVER)
    assert card.sh("lab1", "ls -d /sys/module/nouveau", check=False).code != 0
    assert card.left("lab1") == []
    assert card.gpu_changes("lab1") == (0, 0)


def test_a_power_cut_between_packages_and_reboot_is_gone_on_from(card: GpuRack) -> None:
    """The driver that works after the cut is still firstlight's own, held like one."""
    card.strip("lab1")
    deploy = Deploy(card, "lab1", "-y", words=card.words("lab1"))
    try:
        deploy.reach("Nvidia | Keep what others could undo")
        deploy.freeze()
        card.power_cut("lab1")
    finally:
        deploy.kill()
    assert RUNNING not in deploy.begun
    boot = card.boot_id("lab1")
    run = card.gpu("lab1")
    assert run.code == 0, run.text
    assert (card.boot_id("lab1"), card.driver("lab1")) == (boot, DRIVER)
    assert card.left("lab1") == []
    assert card.gpu_changes("lab1") == (0, 0)


def test_a_host_that_does_not_come_back_is_given_up_in_time(card: GpuRack) -> None:
    nouveau_first(card)
    card.sh("lab1", "systemctl -q mask ssh.service ssh.socket")
    inside, boot = ("lab", "exec", "--name", NAME, "lab1", "--"), card.boot_id("lab1")
    try:
        run = card.gpu("lab1", reboot_timeout=10)
        assert run.seconds < 600  # it would wait 1200 s
    finally:
        end = time.monotonic() + 300
        while firstlight(*inside, "cat", BOOT_ID, check=False).out.strip() in ("", boot):
            if time.monotonic() > end:
                break
            time.sleep(1)
        firstlight(*inside, "systemctl", "is-system-running", "--wait", check=False)
        firstlight(*inside, "systemctl", "-q", "unmask", "ssh.service", "ssh.socket")
        firstlight(*inside, "systemctl", "start", "ssh.service")
    explained(run, "did not come back within 10 s", "does not answer", "console", "run again")
    assert "Gpus | See the GPUs in a container" not in run.text.split("Results:")[0]
    boot = card.boot_id("lab1")
    run = card.gpu("lab1")
    assert run.code == 0, run.text
    assert card.boot_id("lab1") == boot
    assert card.gpu_changes("lab1") == (0, 0)


def test_a_driver_that_does_not_drive_the_card_is_told_and_gone_back_from(card: GpuRack) -> None:
    """Branch 595 comes back from its reboot without a driver."""
    gpus = card.board("lab1")["gpus"]
    card.fault("lab1", gpus=[{**gpu, "last_branch": 580} for gpu in gpus])
    try:
        up = card.gpu("lab1", branch=595)
        ignored = f"{NEWER} will ignore this GPU"
        explained(up, "the driver does not work as it shall", "NVRM", ignored, ROLLBACK)
        assert card.driver("lab1") == ""
        boot = card.boot_id("lab1")
        again = card.gpu("lab1", branch=595)
        explained(again, "although the host was rebooted for it", ignored, ROLLBACK)
        assert card.boot_id("lab1") == boot

        back = card.back("lab1")
        assert back.code == 0, back.text
        assert (card.driver("lab1"), card.left("lab1")) == (DRIVER, [])
        assert card.gpu_changes("lab1") == (0, 0)
    finally:
        card.fault("lab1", gpus=gpus)
