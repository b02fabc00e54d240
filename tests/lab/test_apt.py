"""apt in use by somebody else, waited for and named; a dpkg that was cut off, mended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.rack import TestRack
from tests.lab.refused import explained, untouched

# fcntl's lock, as dpkg takes it: flock(1) would not keep apt out.
HOLDER = """
import fcntl, os, time
held = os.open("/var/lib/dpkg/lock-frontend", os.O_RDWR | os.O_CREAT)
fcntl.lockf(held, fcntl.LOCK_EX)
time.sleep({seconds})
"""
PACKAGE = "tree"
GROUND = "firewall"  # the deploy that begins with the packages, and ends long before an engine


@contextmanager
def apt_in_use(rack: TestRack, seconds: int) -> Iterator[str]:
    """Have a program hold apt's lock on lab1 for so many seconds; gives its pid."""
    unit = "systemd-run --quiet --unit=lock-holder python3 /run/lock-holder.py"
    rack.sh("lab1", f"cat >/run/lock-holder.py <<'END'{HOLDER.format(seconds=seconds)}END\n{unit}")
    pid = rack.sh("lab1", "sleep 0.5; systemctl show -P MainPID lock-holder").out.strip()
    try:
        yield pid
    finally:
        rack.sh("lab1", "systemctl stop lock-holder; rm /run/lock-holder.py")


def test_a_held_lock_is_waited_for_and_then_its_holder_named(deployed: TestRack) -> None:
    data = {"base": {"packages": [PACKAGE], "apt_lock_timeout": 2}}
    deployed.sh("lab1", f"dpkg --purge {PACKAGE} 2>/dev/null")
    with untouched(deployed), apt_in_use(deployed, 60) as pid:
        run = deployed.deploy("lab1", data=data, deploy=GROUND)
    explained(run, "apt is in use by another program", "base.apt_lock_timeout")
    assert f"python3 (pid {pid}) holds /var/lib/dpkg/lock-frontend" in run.text


def test_a_lock_that_is_released_in_time_holds_nobody_up(deployed: TestRack) -> None:
    deployed.sh("lab1", f"dpkg --purge {PACKAGE} 2>/dev/null")
    with apt_in_use(deployed, 6):
        run = deployed.deploy("lab1", data={"base": {"packages": [PACKAGE]}}, deploy=GROUND)
    assert run.code == 0, run.text
    assert run.seconds > 3
    deployed.sh("lab1", f"dpkg-query -W {PACKAGE} && dpkg --purge {PACKAGE}")


def test_packages_torn_by_a_power_cut_are_unpacked_anew(deployed: TestRack) -> None:
    """dpkg's own words for such a package: a very bad inconsistent state, reinstall it."""
    for package, status in (("netbase", "unpacked"), ("readline-common", "half-installed")):
        torn = f"/^Package: {package}$/,/^$/ s/^Status: .*/Status: install reinstreq {status}/"
        deployed.sh("lab1", f"sed -i '{torn}' /var/lib/dpkg/status")
    assert "inconsistent" in deployed.sh("lab1", "dpkg --configure -a", check=False).err
    run = deployed.deploy("lab1", deploy=GROUND)
    assert run.code == 0, run.text
    shown = "dpkg-query -W -f '${db:Status-Abbrev}' netbase readline-common; dpkg --audit"
    assert deployed.sh("lab1", shown).out.split() == ["ii", "ii"]
    _, totals = deployed.changes("lab1", deploy=GROUND)
    assert totals["success"] == 0
