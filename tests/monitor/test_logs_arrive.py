"""A journal on its way between two hosts, through the real programs: who may send, and as whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firstlight import pki
from firstlight import site as sites
from firstlight.lab.packages import ensure
from firstlight.monitor.log_certificates import sender_leaf
from firstlight.pki import Authority
from tests.monitor.log_programs import Between
from tests.monitor.log_site import LOGS, sending_site
from tests.monitor.prometheus.programs import free_port

SHIPPER = {"systemd-journal-remote": "/usr/lib/systemd/systemd-journal-remote"}


@pytest.fixture(scope="module", autouse=True)
def shipper() -> None:
    ensure(print, SHIPPER)


@pytest.fixture
def between(tmp_path: Path, nginx: Path) -> Iterator[Between]:
    logs = {**LOGS, "logs": {"enabled": True, "port": free_port()}}
    monitor = {"address": "127.0.0.1", "monitor": logs}
    site = sending_site(tmp_path, gpu1={}, gpu2={"monitor": {"logs": {}}}, mon1=monitor)
    (tmp_path / "here").mkdir()
    made = Between(tmp_path / "here", site, nginx)
    with made.up():
        yield made


def test_who_may_send_and_as_whom(between: Between) -> None:
    gpu1, gpu2 = between.site["gpu1"], between.site["gpu2"]
    assert between.send("hello") == ""
    assert between.kept() == {"remote-gpu1.journal": ["hello"]}
    # A host of the site that is not asked to send, and a certificate of the site that is for
    # something else; then one of another CA with the right name.
    assert "code 403" in between.send("silent", sender_leaf(gpu2))
    assert "code 403" in between.send("gate", sites.visitor_leaf(gpu1))
    other = Authority.load_or_create(between.folder / "other", "other")
    usage = pki.ExtendedKeyUsageOID.CLIENT_AUTH
    stranger = pki.leaf(other, between.folder / "stranger", "gpu1.logs", usage=usage)
    assert "code 400" in between.send("stranger", stranger)
    # It has no edge, and no request log that would be taken.
    assert "code 403" in between.send("requests", path="/requests")
    assert between.send("again") == ""
    assert between.kept() == {"remote-gpu1.journal": ["hello", "again"]}


def test_a_monitor_of_another_ca_is_told_nothing(between: Between) -> None:
    other = Authority.load_or_create(between.folder / "other", "other")
    between.sending.files["/etc/firstlight/logs/ca.crt"] = other.pem
    assert "certificate" in between.send("hello").lower()
    assert between.kept() == {}
