"""Who sends which journal to whom, what is let in for it, and what is refused before anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firstlight.catalogue import supported_system
from firstlight.monitor.log_sending import KEY, NAMESPACE, sending
from firstlight.monitor.log_taking import BOUNDS, CONF, file_size, taking
from firstlight.monitor.log_unit import UNITS
from firstlight.secret import Secret
from firstlight.settings import SettingsError
from firstlight.settings.log_streams import moves_logs, receivers, senders, slug, taken
from roles.logs import mode, opens
from tests.monitor.log_site import LOGS, WATCHED, sending_site

DEBIAN = supported_system("debian", "13")
OLD = supported_system("debian", "12")
SITE: dict[str, dict[str, Any]] = {"gpu1": {}, "edge1": {}, "mon1": {}, "mon2": {}}


def test_every_monitor_gets_everything_but_its_own(tmp_path: Path) -> None:
    site = sending_site(tmp_path, **SITE)
    assert [each.name for each in receivers(site["gpu1"], site)] == ["mon1", "mon2"]
    assert [each.name for each in receivers(site["mon1"], site)] == ["mon2"]
    assert [each.name for each in taken(site["mon1"], site)] == [
        "gpu1", "edge1", "edge1_requests", "mon2",
    ]  # fmt: skip
    units = sending(site["edge1"], DEBIAN, site).units
    assert list(units) == [
        "firstlight-logs-requests.service",
        "firstlight-logs-to-mon1.service",
        "firstlight-logs-requests-to-mon1.service",
        "firstlight-logs-to-mon2.service",
        "firstlight-logs-requests-to-mon2.service",
    ]
    assert not taking(site["gpu1"], DEBIAN, site).files


def test_nobody_sends_unasked(tmp_path: Path) -> None:
    site = sending_site(tmp_path, gpu1={"monitor": WATCHED}, mon1={"monitor": WATCHED})
    assert not senders(site["mon1"], site) and not list(opens(site["mon1"], site))
    assert not sending(site["gpu1"], DEBIAN, site).units
    assert not any(moves_logs(each, site) for each in site.values())


def test_a_monitor_takes_what_is_sent_whether_or_not_it_sends_itself(tmp_path: Path) -> None:
    site = sending_site(tmp_path, gpu1={}, mon1={"monitor": WATCHED}, mon2={"monitor": WATCHED})
    assert all(moves_logs(each, site) for each in site.values())
    assert list(sending(site["gpu1"], DEBIAN, site).units) == [
        "firstlight-logs-to-mon1.service", "firstlight-logs-to-mon2.service",
    ]  # fmt: skip
    assert not sending(site["mon1"], DEBIAN, site).units


def test_a_single_box_has_its_own_journal(tmp_path: Path) -> None:
    site = sending_site(tmp_path, edge1={})
    assert not sending(site["edge1"], DEBIAN, site).units
    assert not taking(site["edge1"], DEBIAN, site).units


def test_the_hosts_that_send_are_let_in_and_nobody_else(tmp_path: Path) -> None:
    site = sending_site(tmp_path, **SITE)
    (found,) = opens(site["mon1"], site)
    assert found.ports == (19532,) and found.sources == ("10.0.0.1", "10.0.0.2", "10.0.0.4")
    assert not list(opens(site["gpu1"], site))


def test_keys_are_roots_and_in_no_unit(tmp_path: Path) -> None:
    site = sending_site(tmp_path, **SITE)
    part = sending(site["edge1"], DEBIAN, site)
    assert isinstance(part.files[KEY], Secret) and mode(part.files[KEY]) == "600"
    assert NAMESPACE in part.files and NAMESPACE not in sending(site["gpu1"], DEBIAN, site).files
    plain = [text for text in part.files.values() if not isinstance(text, Secret)]
    assert plain and not any("PRIVATE" in text for text in plain)


def test_only_a_journal_remote_that_knows_bounds_is_told_them(tmp_path: Path) -> None:
    site = sending_site(tmp_path, **SITE)
    assert "MaxUse=5000000000" in str(taking(site["mon1"], DEBIAN, site).files[BOUNDS])
    old = taking(site["mon1"], OLD, site)
    assert BOUNDS not in old.files
    keep = str(old.files["/etc/systemd/system/firstlight-logs-keep.service"])
    assert "--vacuum-size=5000000000" in keep


def test_another_certificate_is_another_start(tmp_path: Path) -> None:
    first, second = (sending_site(tmp_path / each, **SITE) for each in "ab")
    one, two = (sending(site["gpu1"], DEBIAN, site).units for site in (first, second))
    assert set(one) == set(two) and set(one.values()).isdisjoint(two.values())
    assert one == sending(first["gpu1"], DEBIAN, first).units


def test_files_in_use_leave_room_for_older_ones() -> None:
    assert file_size(5_000_000_000, 1) == 128 << 20
    assert file_size(64 << 20, 2) == 8 << 20
    assert file_size(5_000_000_000, 100) == 12_500_000


@pytest.mark.parametrize("name", ["@local", "gpu 1", "a_requests", "x" * 70, "../x", "-x"])
def test_names_that_are_no_file_names(name: str) -> None:
    found = slug(name)
    assert found != slug(name + "1") and not set(found) & set("/@_ ") and len(found) < 64
    assert not found.startswith((".", "-"))


def test_a_usual_name_stays_as_it_is() -> None:
    assert slug("gpu-1.example.net") == "gpu-1.example.net"


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ({"gpu1": {}}, "gpu1: monitor.logs.enabled: found True, expected False, or a host of"),
        (
            {"gpu1": {}, "mon1": {"monitor": {**LOGS, "logs": {"keep": "20MB"}}}},
            "mon1: monitor.logs.keep: found 20000000, expected 32MiB or more: 1 journals",
        ),
        (
            {"gpu1": {}, "mon1": {"monitor": {**LOGS, "logs": {"port": 9443}}}},
            "mon1: monitor.logs.port: found 9443, expected a port of its own: monitor.port",
        ),
        (
            {"gpu1": {"address": "gpu1.example.net"}, "mon1": {}},
            "gpu1: firewall.addresses: found nothing, expected the IP addresses",
        ),
        (
            {
                "gpu1": {},
                "mon1": {
                    "firewall": {"allow": [{"ports": [19532], "from": "gpu", "why": "syslog"}]}
                },
            },
            "a port that is not declared yet: monitor.logs.port declares it",
        ),
    ],
)
def test_contradictions(tmp_path: Path, hosts: dict[str, Any], expected: str) -> None:
    with pytest.raises(SettingsError) as error:
        sending_site(tmp_path, **hosts)
    assert expected in str(error.value).replace("\n", " ")


def test_a_monitor_listens_where_it_is_reached(tmp_path: Path) -> None:
    site = sending_site(tmp_path, gpu1={}, mon1={"address": "fd00::9"}, mon2={})
    assert "listen [::]:19532 ssl;" in str(taking(site["mon1"], DEBIAN, site).files[CONF])
    assert "listen 19532 ssl;" in str(taking(site["mon2"], DEBIAN, site).files[CONF])
    unit = sending(site["gpu1"], DEBIAN, site).files[f"/{UNITS}/firstlight-logs-to-mon1.service"]
    assert "--url=https://[fd00::9]:19532/journal " in str(unit)
