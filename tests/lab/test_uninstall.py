"""The way back: a host compared with itself, as it was before firstlight came.

Compared is what the test reads itself, not what the manifest says. One deployment serves all:
first packages and weights stay, then they go as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.lab.rack import Run, TestRack, firstlight

HOST = "lab2"
DAEMON = '{"debug": false, "max-concurrent-downloads": 2}'
BY_HAND = "/etc/logrotate.d/firstlight-edge"

# Somebody's own files, at places that firstlight writes to.
PLANT = f"""
install -d -m 755 /etc/docker /etc/sysctl.d
printf '%s' '{DAEMON}' >/etc/docker/daemon.json; chmod 640 /etc/docker/daemon.json
"""
TREE = r"""
export LC_ALL=C
ss -Htuln | awk '{print "socket " $1 " " $5}'
systemctl list-unit-files --no-legend --no-pager --plain | awk '{print "unit " $1 " " $2}'
systemctl list-units --all --no-legend --no-pager --plain --type=service,socket,timer,path \
  --state=active,failed | awk '{print $3 " " $1}'
dpkg-query -W -f 'package ${binary:Package} ${db:Status-Abbrev} ${Version}\n'
apt-mark showauto | sed 's/^/auto /'; apt-mark showhold | sed 's/^/hold /'
getent passwd | sed 's/^/user /'; getent group | sed 's/^/group /'
ip -o link | awk '{print "link " $2}'; nft list ruleset 2>/dev/null | sed 's/^/nft /'
grep -rs '' /proc/sys/net/ipv4/tcp_* /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/all /proc/sys/net/ipv4/conf/default
crontab -l 2>/dev/null | sed 's/^/cron /'
find /etc /usr/local /var/lib /var/spool /srv /opt /root /home -xdev '(' -path '/var/lib/apt/lists/*' -o \
  -path '/var/lib/dpkg/*' ')' -prune -o '(' -type f -exec sha256sum {} + -o -type d -printf 'directory %p %m %u:%g\n' \
  -o -type l -printf 'link %p %l\n' ')'
ls -d /var/log/*/ /run/firstlight* 2>/dev/null; true
"""
# What is otherwise all the same, and why that is right.
STAYS = (
    ("/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/subuid", "/etc/subgid"),
    ("/etc/ld.so.cache", "/etc/.pwd.lock"),  # made anew by whatever package comes or goes
    (
        "/var/lib/systemd/",
        "/var/lib/misc/",
        "/var/lib/ucf/",
        "/var/lib/logrotate",
    ),  # notes of theirs
    ("/var/lib/apt/", "/var/lib/private", "/var/lib/python", "/var/lib/dbus"),
    ("active systemd-", "active apt-", "active dpkg-db", "active user@", "active user-runtime"),
    ("/etc/shadow", "/etc/gshadow"),  # accounts came and went: the order of the lines
)


@dataclass(frozen=True)
class WayBack:
    """The host's trees and the runs: ``default`` first, then ``whole``, then ``again``."""

    rack: TestRack
    before: list[str]
    default: Run
    with_packages: list[str]
    whole: Run
    after: list[str]
    again: dict[str, int]

    def run_of(self, which: str) -> str:
        return str(getattr(self, which).text)


def tree(rack: TestRack) -> list[str]:
    """Return the host as it is; what stays for a reason is left out."""
    known = [word for words in STAYS for word in words]
    lines = rack.sh(HOST, TREE, timeout=120).out.splitlines()
    return sorted({line for line in lines if not any(word in line for word in known)})


@pytest.fixture(scope="module")
def way_back(rack: TestRack) -> Iterator[WayBack]:
    firstlight("lab", "reset", HOST, "--name", rack.state.name)
    rack.sh(HOST, PLANT)
    before = tree(rack)
    deployed = rack.deploy(HOST)
    assert deployed.code == 0, deployed.text
    rack.sh(HOST, f"echo '# by hand' >>{BY_HAND}")
    default = rack.deploy(HOST, deploy="uninstall")
    middle = tree(rack)
    rack.sh(HOST, f"grep -q 'by hand' {BY_HAND} && rm {BY_HAND}")
    data = {"uninstall": {"packages": True, "weights": True}}
    whole = rack.deploy(HOST, deploy="uninstall", data=data)
    after = tree(rack)
    _, again = rack.changes(HOST, deploy="uninstall", data=data)
    yield WayBack(rack, before, default, middle, whole, after, again)


def added(lines: list[str], before: list[str]) -> list[str]:
    return sorted(set(lines) - set(before))


def test_with_all_of_it_the_host_is_as_it_was(way_back: WayBack) -> None:
    assert way_back.whole.code == 0, way_back.whole.text
    assert added(way_back.after, way_back.before) == []
    assert added(way_back.before, way_back.after) == []
    assert "the host is as it was before firstlight" in way_back.whole.text


def test_packages_and_weights_stay_unless_told(way_back: WayBack) -> None:
    assert way_back.default.code == 0, way_back.default.text
    left = added(way_back.with_packages, way_back.before)
    assert [line for line in left if line.startswith(("socket", "active", "failed", "nft "))] == []
    assert [line for line in left if line.startswith("link ") and "/" not in line] == []
    assert any(line.startswith("package nginx ii") for line in left)
    assert any("/srv/models/" in line and line.endswith("gguf") for line in left)
    users = [line.split(" ")[1].split(":")[0] for line in left if line.startswith("user ")]
    assert "firstlight-models" in users  # the weights are its own
    enabled = [line for line in left if line.startswith("unit ") and line.endswith(" enabled")]
    assert enabled == []
    assert "packages that firstlight installed stay" in way_back.default.text
    assert "the weights in /srv/models stay" in way_back.default.text


def test_what_was_changed_by_hand_stays_and_is_named(way_back: WayBack) -> None:
    assert f"{BY_HAND} stays: somebody changed it" in way_back.default.text
    assert any(line.endswith(BY_HAND) for line in way_back.with_packages)


def test_dockers_configuration_is_the_one_of_before(way_back: WayBack) -> None:
    lines = [line for line in way_back.before if line.endswith("/etc/docker/daemon.json")]
    assert lines and lines[0] in way_back.with_packages and lines[0] in way_back.after


def test_a_second_time_there_is_nothing_to_do(way_back: WayBack) -> None:
    assert way_back.again["success"] == 0 and way_back.again["error"] == 0
