"""Names of kernel parameters, files that say otherwise, and the shell that sets them."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from firstlight.hardening import sysctl
from firstlight.hardening.change import change
from tests.unit.hardening.host import BARE, WANTED, done


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


@pytest.mark.parametrize(
    ("key", "now", "then"),
    [
        ("kernel/perf_event_paranoid", "4", "4"),
        ("kernel/perf_event_paranoid", "2", "3"),
        ("kernel/perf_event_paranoid", "-1", "3"),
        ("kernel/yama/ptrace_scope", "3", "3"),
        ("kernel/yama/ptrace_scope", "0", "1"),
        ("kernel/unprivileged_bpf_disabled", "1", "1"),
        ("kernel/unprivileged_bpf_disabled", "0", "2"),
        ("kernel/sysrq", "1", "0"),
    ],
)
def test_what_is_stricter_already_stays(key: str, now: str, then: str) -> None:
    found = replace(BARE, sysctl={**BARE.sysctl, key: now})
    todo = change(WANTED, found)
    assert todo.kernel.get(key, now) == then and (key in todo.kernel) == (now != then)
    assert f"{key.replace('/', '.')} = {then}\n" in todo.texts[sysctl.KERNEL]
    assert change(WANTED, done(found)).nothing


def test_what_the_kernel_refuses_is_said_and_the_rest_is_set(tmp_path: Path) -> None:
    (tmp_path / "kernel/a").mkdir(parents=True)  # what cannot be written, also by root
    (tmp_path / "kernel/b").write_text("0\n")
    text = sysctl.attempting({"kernel/a": "1", "kernel/b": "1", "kernel/gone": "1"})
    words = ["sh", "-c", text.replace("/proc/sys", str(tmp_path))]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "refused: kernel.a stays as it is, not 1\n"
    assert (tmp_path / "kernel/b").read_text() == "1\n"
