"""The certificate that a host looks after itself, read of a folder made with real openssl."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from firstlight.certificate import certificate_pem, new_key, self_signed
from firstlight.facts.certificates import Certificate, CertificateState
from tests.facts.shell import gather
from tests.stubs import Stubs

TIMER = "firstlight-certificate.timer"
SHOW = "printf '%s\\n' active enabled no"


def read(stubs: Stubs, folder: Path, *paths: Path) -> Certificate:
    found: Certificate = gather(
        CertificateState,
        stubs.env,
        place=str(folder / "acme/a.example"),
        metric=str(folder / "certificate.prom"),
        asked=str(folder / "asked"),
        timers=(TIMER,),
        paths=tuple(str(path) for path in paths),
    )
    return found


@pytest.fixture
def place(tmp_path: Path, stubs: Stubs) -> Path:
    stubs.add("systemctl", SHOW)
    current = tmp_path / "acme/a.example/current"
    current.mkdir(parents=True)
    (current / "purpose").write_text("0123456789abcdef\n")
    made = self_signed(new_key(), ["llm.example.net"], 90)
    (current / "tls.crt").write_bytes(certificate_pem(made))
    return tmp_path


def test_nothing_there(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("systemctl", "exit 1")
    assert read(stubs, tmp_path) == Certificate()
    assert Certificate().due("x")


def test_all_there(stubs: Stubs, place: Path) -> None:
    (place / "certificate.prom").write_text(
        'firstlight_certificate_served{domain="a.example",mode="acme"} 1\n'
    )
    found = read(stubs, place, place / "certificate.prom", place / "none")
    assert found.purpose == "0123456789abcdef" and 0.99 < found.left < 1
    assert found.served and not found.asked and found.up == {TIMER}
    assert list(found.paths) == [str(place / "certificate.prom")]
    assert not found.due("0123456789abcdef") and found.due("another")


def test_asked_for(stubs: Stubs, place: Path) -> None:
    (place / "asked").touch()
    assert read(stubs, place).due("0123456789abcdef")


def test_a_third_of_its_life(stubs: Stubs, place: Path) -> None:
    for days, due in ((59, False), (61, True)):
        then = int(datetime.now(UTC).timestamp()) + days * 86400
        stubs.add("date", f'case "$*" in +%s) echo {then} ;; *) exec /bin/date "$@" ;; esac')
        assert read(stubs, place).due("0123456789abcdef") is due


@pytest.mark.parametrize(
    "said", ["inactive enabled no", "active disabled no", "active enabled yes"]
)
def test_a_timer_that_does_not_run_as_its_file_says(stubs: Stubs, place: Path, said: str) -> None:
    stubs.add("systemctl", f"printf '%s\\n' {said}")
    assert read(stubs, place).up == frozenset()


def test_a_damaged_certificate_is_due(stubs: Stubs, place: Path) -> None:
    (place / "acme/a.example/current/tls.crt").write_text("x")
    assert read(stubs, place).due("0123456789abcdef")


def test_what_is_shown_is_not_what_was_measured_last(stubs: Stubs, place: Path) -> None:
    (place / "certificate.prom").write_text(
        'firstlight_certificate_served{domain="a.example",mode="files"} 1\n'
    )
    assert not read(stubs, place).served
