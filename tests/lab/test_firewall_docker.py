"""The firewall beside Docker, and beside an ufw that comes later: what nobody declared stays closed."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.lab.let_in import UNKEPT
from tests.lab.rack import TestRack

PORT = 8088
# A container of the host's own perl, published on all addresses, as by accident.
PUBLISHED = f"""
perl=$(dpkg -L perl-base | grep -E '^/usr/lib/.*/perl-base$')
tar -C / -ch usr/bin/perl $perl $(ldd /usr/bin/perl | grep -o '/[^ ]*' | sort -u) 2>/dev/null \\
  | docker import - stranger >/dev/null
docker run -d --rm --name stranger -p 0.0.0.0:{PORT}:80 stranger /usr/bin/perl -MIO::Socket::INET -e '
  my $made = IO::Socket::INET->new(LocalPort => 80, Listen => 9, ReuseAddr => 1) or die $!;
  while (my $one = $made->accept) {{ print $one "stranger"; close $one }}' >/dev/null
"""
ASK = f"timeout 2 bash -c 'head -c 8 </dev/tcp/{{}}/{PORT}' 2>/dev/null || true"
# Docker says that it runs when perl has begun, and not yet listens.
HEARD = f'for _ in $(seq 50); do [ -z "$({ASK.format("127.0.0.1")})" ] || break; sleep 0.1; done'


def outside(rack: TestRack, port: int, seconds: float = 1.0) -> bytes:
    """What answers at a port of lab1 to the control machine; empty where nobody does."""
    try:
        with socket.create_connection((rack.address("lab1"), port), seconds) as connection:
            connection.settimeout(seconds)
            return connection.recv(8)
    except OSError:
        return b""


def inside(rack: TestRack) -> str:
    """What answers to the host itself, at its own address."""
    return rack.sh("lab1", ASK.format(rack.address("lab1"))).out


def served(rack: TestRack) -> None:
    """Wait until the model answers again, through the edge."""
    assert rack.client("lab1").answers(60)


@pytest.fixture
def published(deployed: TestRack) -> Iterator[TestRack]:
    deployed.sh("lab1", f"{PUBLISHED}{HEARD}")
    yield deployed
    deployed.sh("lab1", "docker rm -f stranger >/dev/null 2>&1; docker rmi stranger >/dev/null")


def test_a_published_port_is_not_reached_from_outside(published: TestRack) -> None:
    assert inside(published) == "stranger"
    assert outside(published, PORT) == b""
    # The proof that the firewall is what keeps it closed: without our table it is open.
    published.sh("lab1", f"{UNKEPT}\nnft delete table inet firstlight")
    assert outside(published, PORT, 10) == b"stranger"
    published.sh("lab1", "systemctl start firstlight-firewall-keep.timer firstlight-firewall-keep")
    assert outside(published, PORT) == b""


def test_after_a_restart_of_docker_too(published: TestRack) -> None:
    published.sh("lab1", "systemctl restart docker")
    published.sh("lab1", f"docker rm -f stranger >/dev/null 2>&1; {PUBLISHED}{HEARD}")
    assert inside(published) == "stranger" and outside(published, PORT) == b""
    served(published)


def test_an_ufw_that_comes_later_opens_nothing_and_is_named(deployed: TestRack) -> None:
    install = "DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install ufw"
    deployed.sh("lab1", f"{install} >/dev/null 2>&1", timeout=120)
    try:
        deployed.sh("lab1", f"ufw allow 22/tcp; ufw allow {PORT}/tcp; ufw --force enable")
        deployed.sh(
            "lab1",
            f"systemd-run -q --collect --unit=later perl -MIO::Socket::INET -e 'my $m = "
            f"IO::Socket::INET->new(LocalPort => {PORT}, Listen => 9, ReuseAddr => 1) or die $!; "
            f'while (my $o = $m->accept) {{ print $o "stranger"; close $o }}\'; {HEARD}',
        )
        assert inside(deployed) == "stranger" and outside(deployed, PORT) == b""
        refused = deployed.deploy("lab1", deploy="firewall")
        assert refused.code == 1 and "ufw is active" in refused.text
        taken = deployed.deploy("lab1", deploy="firewall", data={"firewall": {"take_over": True}})
        assert taken.code == 0, taken.text
        assert "inactive" in deployed.sh("lab1", "ufw status").out
        served(deployed)
    finally:
        purge = "apt-get -qq -y purge ufw >/dev/null 2>&1"
        deployed.sh("lab1", f"systemctl stop later; ufw --force disable; {purge}", timeout=120)
        again = deployed.deploy("lab1", deploy="firewall")
    assert again.code == 0, again.text
