"""Names of kernel parameters, files that say otherwise, and the shell that sets them."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from firstlight.hardening import sysctl
from tests.unit.hardening.host import BARE, WANTED


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        ("net/ipv4/ip_forward", "net/ipv4/ip_forward"),
        ("net.ipv4.conf.eth0/100.rp_filter", "net/ipv4/conf/eth0.100/rp_filter"),
        ("net/ipv4/conf/eth0.100/rp_filter", "net/ipv4/conf/eth0.100/rp_filter"),
    ],
)
def test_names_are_paths(key: str, path: str) -> None:
    assert sysctl.path(key) == path


def test_others_who_set_the_same_are_named() -> None:
    said = (
        ("/etc/sysctl.d/99-sysctl.conf", "kernel/sysrq", "438"),
        ("/etc/sysctl.d/99-sysctl.conf", "net/ipv4/ip_forward", "1"),
        ("/usr/lib/sysctl.d/50-default.conf", "net/ipv4/conf/*/rp_filter", "2"),
        ("/etc/sysctl.d/zzz-site.conf", "net/ipv4/conf/all/log_martians", "0"),
        ("/etc/ufw/sysctl.conf", "net/ipv4/conf/all/log_martians", "0"),
        ("/etc/sysctl.conf", "kernel/dmesg_restrict", "1"),
        (sysctl.NETWORK, "net/ipv4/conf/all/log_martians", "0"),
    )
    found = replace(BARE, said=said)
    lines = list(sysctl.others(sysctl.parameters(WANTED.here(found), found), found))
    assert [line.split(" says ")[0] for line in lines] == [
        "/etc/sysctl.d/99-sysctl.conf",
        "/usr/lib/sysctl.d/50-default.conf",
        "/etc/sysctl.d/zzz-site.conf",
        "/etc/ufw/sysctl.conf",
    ]
    assert "kernel.sysrq = 438: sysctl-sysrq sets 0" in lines[0]
    assert "sysctl-rp-filter sets 1" in lines[1]
    assert all("wins at the next boot" in line for line in lines[2:])


def test_values_are_set_as_they_are_written(tmp_path: Path) -> None:
    folder = tmp_path / "kernel"
    folder.mkdir()
    (folder / "core_pattern").write_text("core\n")
    text = sysctl.setting({"kernel/core_pattern": "|/bin/false", "net/ipv4/conf/gone/x": "1"})
    words = ["sh", "-c", text.replace("/proc/sys", str(tmp_path))]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "core_pattern").read_text() == "|/bin/false\n"
    assert not (tmp_path / "net").exists()


def test_a_kernel_that_refuses_is_heard(tmp_path: Path) -> None:
    (tmp_path / "kernel").mkdir()
    (tmp_path / "kernel/sysrq").mkdir()  # what cannot be written, also by root
    text = sysctl.setting({"kernel/sysrq": "0"}).replace("/proc/sys", str(tmp_path))
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "kernel/sysrq" in done.stderr
