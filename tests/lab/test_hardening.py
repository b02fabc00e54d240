"""A hardened host: every control that it can have is in force, and its containers still answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from firstlight.facts.hardening import HardeningState
from firstlight.hardening.change import gaps
from firstlight.hardening.found import Found
from firstlight.hardening.wanted import Wanted, is_applied
from firstlight.operations.hardening import asked
from firstlight.settings.hardening import Hardening
from tests.lab.rack import TestRack

WANTED = Wanted(tuple(each for each in Hardening().controls if is_applied(each)), "apt")
PORT = 18777
# A container of another kind than ours: it has a network of its own and publishes a port.
SERVE = f"""
docker network create hardened >/dev/null
docker run -d --rm --name hardened --network hardened -p 127.0.0.1:{PORT}:80 \
  --entrypoint /usr/bin/perl "$(docker images --quiet | head -n 1)" -MIO::Socket::INET -e '
  $s = IO::Socket::INET->new(LocalPort => 80, Listen => 9);
  while ($c = $s->accept) {{ <$c>; print $c "HTTP/1.0 200 OK\\r\\n\\r\\nstill here\\n"; close $c }}' >/dev/null
curl --silent --show-error --max-time 10 --retry 20 --retry-delay 1 --retry-all-errors \
  http://127.0.0.1:{PORT}/
"""


def found(rack: TestRack) -> Found:
    """What lab1 says of itself, by the one command that a run spends on it."""
    fact = HardeningState()
    said = rack.sh("lab1", fact.command(**asked(WANTED)).get_raw_value())
    return fact.process(said.out.splitlines())


def test_every_control_that_a_container_can_have_is_in_force(deployed: TestRack) -> None:
    host = found(deployed)
    assert host.container == "systemd-nspawn"
    assert host.sysctl["net/ipv4/conf/all/rp_filter"] == "1"
    assert list(gaps(WANTED, host)) == []
    assert {"sysctl-redirects", "journal", "upgrades"} <= {e.id for e in WANTED.here(host)}


def test_a_parameter_that_somebody_changes_is_seen(deployed: TestRack) -> None:
    path = "/proc/sys/net/ipv4/conf/all/log_martians"
    deployed.sh("lab1", f"echo 0 >{path}")
    try:
        assert list(gaps(WANTED, found(deployed))) == [
            ("sysctl-martians", "net.ipv4.conf.all.log_martians is 0, not 1")
        ]
    finally:
        deployed.sh("lab1", f"echo 1 >{path}")


def test_only_security_updates_come_by_themselves(deployed: TestRack) -> None:
    said = deployed.sh("lab1", "apt-config dump Unattended-Upgrade APT::Periodic").out
    origins = [line for line in said.splitlines() if "Origin" in line and '""' not in line]
    assert len(origins) == 4 and all("security" in line for line in origins)
    assert 'Unattended-Upgrade::Automatic-Reboot "false";' in said
    assert 'APT::Periodic::Unattended-Upgrade "1";' in said


@pytest.fixture
def cleaned(deployed: TestRack) -> Iterator[TestRack]:
    yield deployed
    gone = "docker rm --force hardened; docker network rm hardened"
    deployed.sh("lab1", f"{{ {gone}; }} >/dev/null 2>&1; true")


def test_a_container_with_a_published_port_is_reached(cleaned: TestRack) -> None:
    """The network of containers is what hardening breaks first: forwarding, filters of senders."""
    said = cleaned.sh("lab1", SERVE, timeout=120)
    assert said.out == "still here\n", said.text
