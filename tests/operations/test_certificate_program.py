"""The program that renews a host's certificate, run with real openssl."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from firstlight.names import listed
from tests.operations.certificate_host import CertificateHost, certified

__all__ = ["certified"]


@pytest.fixture
def internal(certified: CertificateHost) -> CertificateHost:
    """A host with its first certificate, and an edge that shows it."""
    certified.give()
    done = certified.run("first")
    assert done.returncode == 0, done.stderr
    certified.edge_runs()
    certified.stubs.forget()
    return certified


def test_the_first_one(internal: CertificateHost) -> None:
    leaf, issuer = internal.chain()
    assert listed(leaf) == ["llm.example.net", "192.0.2.7"]
    leaf.verify_directly_issued_by(issuer)
    life = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    assert timedelta(days=90) <= life <= timedelta(days=90, hours=2)
    assert leaf.not_valid_before_utc < datetime.now(UTC) - timedelta(minutes=50)
    files = {path.name: path.stat().st_mode & 0o777 for path in internal.current.iterdir()}
    assert files == {"tls.crt": 0o600, "tls.key": 0o600, "purpose": 0o600}
    assert internal.place.stat().st_mode & 0o777 == 0o700


def test_nothing_happens_while_it_is_not_due(internal: CertificateHost) -> None:
    before = internal.current.readlink()
    done = internal.run("renew")
    assert (done.returncode, internal.current.readlink()) == (0, before)
    assert "not due" in done.stderr
    assert internal.reloads() == 0 and internal.stubs.calls("nginx") == []


def test_due_when_a_third_of_its_life_is_left(internal: CertificateHost) -> None:
    before = internal.chain()[0].serial_number
    internal.age(59)
    assert internal.run("renew").returncode == 0
    assert internal.chain()[0].serial_number == before
    internal.age(61)
    done = internal.run("renew")
    assert done.returncode == 0, done.stderr
    assert internal.chain()[0].serial_number != before
    # Tested before the reload, and seen afterwards.
    calls = [call.split()[0] for call in internal.stubs.calls("nginx", "systemctl")]
    assert calls.index("nginx") < len(calls) - 1 - calls[::-1].index("systemctl")
    assert internal.reloads() == 1
    assert (internal.edge / "shown").read_text() == (internal.current / "tls.crt").read_text()


def test_asked_for(internal: CertificateHost) -> None:
    before = internal.current.readlink()
    internal.asked.touch()
    assert internal.run("renew").returncode == 0
    assert internal.current.readlink() != before and not internal.asked.exists()
    assert before.name in {path.name for path in internal.place.iterdir()}  # to go back to


def test_other_settings_are_another_certificate(internal: CertificateHost) -> None:
    internal.give(leaf_days=30)
    assert internal.run("renew").returncode == 0
    leaf = internal.chain()[0]
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc < timedelta(days=31)


@pytest.mark.parametrize("damage", ["tls.crt", "tls.key"])
def test_a_damaged_one_is_replaced(internal: CertificateHost, damage: str) -> None:
    (internal.current / damage).write_text("x")
    assert internal.run("renew").returncode == 0
    assert len(internal.chain()) == 2 and internal.reloads() == 1


def test_what_nginx_refuses_is_taken_back(internal: CertificateHost) -> None:
    before = internal.current.readlink()
    internal.asked.touch()
    internal.stubs.add("nginx", "echo no such file >&2; exit 1")
    done = internal.run("renew")
    assert done.returncode != 0 and "no such file" in done.stderr
    assert internal.current.readlink() == before
    assert len(list(internal.place.glob("2*"))) == 1
    assert 'renewal_failed{domain="llm.example.net",mode="internal-ca"} 1' in measured(internal)


def test_a_reload_without_effect_is_no_success(internal: CertificateHost) -> None:
    before = internal.current.readlink()
    internal.asked.touch()
    internal.stubs.add("sleep")  # the wait is counted in tries
    internal.stubs.add("systemctl", "true")
    done = internal.run("renew")
    assert done.returncode != 0 and "goes on with another" in done.stderr
    assert internal.current.readlink() == before


def test_a_name_that_is_not_the_hosts_is_never_taken(internal: CertificateHost) -> None:
    """The authority on the host is constrained: a certificate for others does not verify."""
    before = internal.current.readlink()
    path = internal.base / "etc/openssl.cnf"
    path.write_text(path.read_text().replace("DNS:llm", "DNS:bank.example,DNS:llm"))
    internal.asked.touch()
    done = internal.run("renew")
    assert done.returncode != 0 and "permitted subtree violation" in done.stderr
    assert internal.current.readlink() == before and internal.reloads() == 0


def measured(host: CertificateHost) -> str:
    assert host.run("expiry").returncode == 0
    return host.metric


def test_what_is_measured(internal: CertificateHost) -> None:
    leaf, issuer = internal.chain()
    label = '{domain="llm.example.net",mode="internal-ca"}'
    for line in (
        f"not_after_seconds{label} {leaf.not_valid_after_utc.timestamp():.0f}",
        f"issuer_not_after_seconds{label} {issuer.not_valid_after_utc.timestamp():.0f}",
        f"served{label} 1",
        f"renewal_failed{label} 0",
    ):
        assert f"firstlight_certificate_{line}\n" in measured(internal)
    path = internal.base / "var/lib/firstlight/edge/certificate.prom"
    assert path.stat().st_mode & 0o777 == 0o644
    (internal.edge / "shown").unlink()
    assert f"firstlight_certificate_served{label} 0\n" in measured(internal)


def test_places_that_no_release_names_go(internal: CertificateHost) -> None:
    tls = internal.base / "var/lib/firstlight/tls"
    for name, used in (("acme/old.example.net", False), ("acme/llm.example.net", True)):
        (tls / name).mkdir(parents=True)
        if used:
            release = internal.edge.parent / "releases/a"
            release.mkdir(parents=True)
            (release / "tls.conf").write_text(f"ssl_certificate {tls / name}/current/tls.crt;\n")
    internal.asked.touch()
    assert internal.run("renew").returncode == 0
    assert {path.name for path in (tls / "acme").iterdir()} == {"llm.example.net"}
