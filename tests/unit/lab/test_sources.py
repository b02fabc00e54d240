"""The machine's apt sources and settings, as guests get them. Hosts are made up."""

from __future__ import annotations

from firstlight.lab import sources

TARGETS = """\
http://mirror.test/debian/|bookworm|main|Debian|deb
http://mirror.test/debian/|bookworm|contrib|Debian|deb
http://mirror.test/debian/|bookworm-updates|main|Debian|deb
http://mirror.test/security/|bookworm-security|main|Debian|deb
http://mirror.test/debian/|bookworm-backports|main|Debian|deb
http://mirror.test/debian/|bookworm|main|Debian|deb-src
http://third.test/debian/|bookworm|main|Third Party|deb
http://unknown.test/debian/|bookworm|main||deb
http://mirror.test/debian/|trixie|main|Debian|deb
"""


def test_only_debian_itself_counts_and_the_codename_is_replaced() -> None:
    text = sources.render(sources.parse_targets(TARGETS, "bookworm"), "trixie")
    assert text.count("Types: deb\n") == 3
    assert "Suites: trixie\nComponents: main contrib\n" in text
    assert "Suites: trixie-updates\n" in text
    assert "URIs: http://mirror.test/security\nSuites: trixie-security\n" in text
    for absent in ("third", "unknown", "bookworm", "backports"):
        assert absent not in text


def test_a_machine_on_stable_is_understood() -> None:
    found = sources.parse_targets("http://mirror.test/|stable-updates|main|Debian|deb\n", "trixie")
    assert sources.render(found, "bookworm").count("Suites: bookworm-updates\n") == 1


def test_without_debian_sources_there_is_no_text() -> None:
    assert sources.render(sources.parse_targets("", "noble"), "trixie") == ""


DUMP = """\
Acquire::Check-Valid-Until "false";
Acquire::http "";
Acquire::http::Proxy "http://proxy.test:3128";
Acquire::https::Proxy "http://127.0.0.1:3142";
Acquire::http::Proxy::mirror.test "DIRECT";
Acquire::Retries "3";
Acquire::Languages "none";
Dir::Cache "x";
DPkg::Post-Invoke:: "rm -rf /";
"""


def test_only_what_decides_about_reaching_a_mirror_is_carried_over() -> None:
    assert sources.parse_options(DUMP, {}) == [
        'Acquire::Check-Valid-Until "false"',
        'Acquire::http::Proxy "http://proxy.test:3128"',
        'Acquire::http::Proxy::mirror.test "DIRECT"',
        'Acquire::Retries "3"',
    ]


def test_a_proxy_of_the_environment_is_carried_over_unless_it_is_the_machine_itself() -> None:
    away = {"http_proxy": "http://proxy.test:1", "https_proxy": "http://localhost:2"}
    assert sources.parse_options("", away) == ['Acquire::http::Proxy "http://proxy.test:1"']
    assert sources.parse_options(DUMP, {"http_proxy": "http://other.test"}) == (
        sources.parse_options(DUMP, {})
    )
