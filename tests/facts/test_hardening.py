"""What hardening reads of a machine: of this one, and of a folder made to look like one."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstlight.facts.hardening import HardeningState
from firstlight.hardening.found import Before, Found
from tests.facts.shell import gather
from tests.stubs import Stubs

UNIT = "Id={}\nActiveState=active\nUnitFileState=enabled\n"


@pytest.fixture
def machine(tmp_path: Path, stubs: Stubs) -> Found:
    """A machine with two interfaces, a vlan, ufw, a loaded module and a closed parameter."""
    values = {
        "kernel/sysrq": "438",
        "kernel/core_pattern": "|/a b %p",
        "net/ipv4/conf/eth0.7/rp_filter": "2",
    }
    for key, value in values.items():
        (tmp_path / "sys" / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sys" / key).write_text(f"{value}\n")
    for name, text in {
        "modules": "firewire_core 1 0 - Live 0x0\next4 1 0 - Live 0x0\n",
        "99-site.conf": "# kernel.sysrq = 9\n kernel.sysrq = 438\n-net.ipv4.conf.all.rp_filter\n",
        "ufw.conf": "ENABLED=yes\n",
        "ufw-sysctl.conf": "net/ipv4/conf/all/log_martians=0\n",
        "before": "sysctl kernel/core_pattern core\nmode 755 /etc/a b\nunit x.service\n",
        "key": "",
    }.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "key").chmod(0o4640)
    (tmp_path / "keylink").symlink_to(tmp_path / "key")
    stubs.add("systemd-detect-virt", "echo none; exit 1")
    stubs.add("systemctl", f"printf '{UNIT.format('apt-daily.timer')}'")
    stubs.add(
        "ip",
        'case "$*" in "-o address"*) echo "2: eth0@if9    inet 10.0.0.2/24 scope global";;\n'
        '"-4 route"*) echo "default via 10.0.0.1 dev eth0 proto dhcp";; *) echo "default"; '
        'echo "    nexthop via fe80::1 dev ib0 weight 1";; esac',
    )
    return gather(
        HardeningState,
        env=stubs.env,
        instead={
            "/proc/sys/$each": f"{tmp_path}/sys/$each",
            "^/proc/sys/": f"^{tmp_path}/sys/",
            "/proc/modules": tmp_path / "modules",
            "/etc/sysctl.d/*.conf": tmp_path / "99-site.conf",
            "/etc/ufw/ufw.conf": tmp_path / "ufw.conf",
            "/etc/ufw/sysctl.conf": tmp_path / "ufw-sysctl.conf",
            "/var/lib/firstlight/hardening/before": tmp_path / "before",
        },
        keys=("kernel/sysrq", "kernel/core_pattern", "kernel/none", "net/ipv4/conf/*/rp_filter"),
        modes=(f"{tmp_path}/key*", f"{tmp_path}/none"),
        paths=(f"{tmp_path}/key", f"{tmp_path}/none"),
        units=("apt-daily.timer",),
    )


def test_a_machine_is_read_whole(machine: Found, tmp_path: Path) -> None:
    assert machine.read and machine.container == ""
    assert machine.interfaces == {"eth0", "ib0"} and machine.ways_out == 2
    assert machine.sysctl == {
        "kernel/sysrq": "438",
        "kernel/core_pattern": "|/a b %p",
        "net/ipv4/conf/eth0.7/rp_filter": "2",
    }
    assert "firewire_core" in machine.loaded
    assert (str(tmp_path / "99-site.conf"), "kernel/sysrq", "438") in machine.said
    assert (
        str(tmp_path / "ufw-sysctl.conf"),
        "net/ipv4/conf/all/log_martians",
        "0",
    ) in machine.said
    assert len([each for each in machine.said if str(tmp_path) in each[0]]) == 2
    assert machine.modes == {str(tmp_path / "key"): 0o4640}  # of a link, nothing
    assert machine.paths[str(tmp_path / "key")].kind == "file"
    assert machine.units == {"apt-daily.timer": ("active", "enabled")}
    assert machine.disk > 0
    assert machine.before == Before(
        {"kernel/core_pattern": "core"}, {"/etc/a b": "755"}, ("x.service",)
    )


def test_what_is_kept_can_be_read_again(machine: Found) -> None:
    lines = [f"before={line}" for line in machine.before.text.splitlines()]
    assert HardeningState().process(lines).before == machine.before


def test_homes_are_looked_at_where_they_are_the_hosts_own(tmp_path: Path, stubs: Stubs) -> None:
    stubs.add("systemctl", "exit 1")
    home = tmp_path / "home"
    mine = {"ada", "own disk"}
    for name in (*mine, "nfs", "nfs two", "fuse", "read-only", "auto", "shared", "deep/er"):
        (home / name).mkdir(parents=True)
    (home / "link").symlink_to(home / "shared")
    names = [
        *sorted(mine),
        "nfs",
        "nfs two",
        "fuse",
        "read-only",
        "auto",
        "link",
        "deep/er",
        "gone",
    ]
    words = [f"{name}:x:1000:1000::{home}/{name}:/bin/sh" for name in names]
    (tmp_path / "passwd").write_text("\n".join([*words, "root:x:0:0::/root:/bin/sh", ""]))
    (tmp_path / "mounts").write_text(
        "d / ext4 rw,relatime 0 0\n"
        f"d {home}/own\\040disk xfs rw 0 0\n"
        f"s:/h {home}/nfs nfs4 rw 0 0\n"
        f"s:/2 {home}/nfs\\040two nfs rw 0 0\n"
        f"f {home}/fuse fuse.sshfs rw 0 0\n"
        f"d {home}/read-only ext4 ro,nosuid 0 0\n"
        f"a {home}/auto autofs rw 0 0\n"
    )
    found = gather(
        HardeningState,
        env=stubs.env,
        instead={
            "/proc/mounts": tmp_path / "mounts",
            "/etc/passwd": tmp_path / "passwd",
            "readlink -f /home": f"readlink -f {home}",
            "^/home/": f"^{home}/",
            "home, 6": f"home, {len(str(home)) + 1}",
        },
        keys=(),
        modes=("/home/*", "/home/none"),
        paths=(),
        units=(),
    )
    assert {*found.modes} == {f"{home}/{name}" for name in mine}


def test_a_parameter_that_this_machine_may_not_set_is_none_of_its_own(stubs: Stubs) -> None:
    stubs.add("systemctl", "exit 1")
    key = "kernel/ostype"  # which nobody can write
    found = gather(HardeningState, env=stubs.env, keys=(key,), modes=(), paths=(), units=())
    assert found.read and found.sysctl == {}
