"""What looks after the certificate: set up in one step, begun, and left alone afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from firstlight.edge.certificates import PROGRAM, UNITS
from firstlight.facts.certificates import Certificate, CertificateState
from firstlight.operations.certificates import issued, kept
from firstlight.operations.files import File
from tests.operations.play import commands, converged

TIMER = "firstlight-certificate.timer"
ITEMS = [File(PROGRAM, "#!/bin/sh\n", "755"), File(f"{UNITS}/{TIMER}", "[Timer]\n")]
GIVEN: dict[str, Any] = {
    "items": ITEMS, "absent": ["/etc/firstlight/tls/dns"], "timers": [TIMER],
    "place": "/var/lib/firstlight/tls/internal-ca/a.example", "purpose": "p",
}  # fmt: skip
GOOD = Certificate(
    purpose="p",
    left=0.9,
    served=True,
    up=frozenset({TIMER}),
    paths={item.path: item.state for item in ITEMS},
)


def yielded(have: Certificate | None, **change: Any) -> list[str]:
    found, _ = commands(kept, {CertificateState: have}, **GIVEN | change)
    return [command.get_raw_value() for command in found]


def test_converged() -> None:
    assert converged(kept, {CertificateState: GOOD}, **GIVEN)
    assert converged(issued, {CertificateState: GOOD}, place="x", purpose="p")
    assert converged(issued, {CertificateState: GOOD}, place="x", purpose="")


def test_a_bare_host() -> None:
    texts = yielded(None)
    assert ["base64 -d" in texts[0], "first" in texts[1], "daemon-reload" in texts[2]] == [True] * 3
    assert len(texts) == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"purpose": "other"}, '"$1" first "$2"'),
        ({"left": 0.3}, '"$1" first "$2"'),
        ({"asked": True}, '"$1" first "$2"'),
        ({"up": frozenset()}, "systemctl enable"),
    ],
)
def test_each_drift_is_acted_on_alone(change: dict[str, Any], said: str) -> None:
    (text,) = yielded(replace(GOOD, **change))
    assert said in text


def test_what_another_mode_left_is_stopped_and_goes() -> None:
    left = GOOD.paths | {"/etc/firstlight/tls/dns": ITEMS[0].state}
    (text,) = yielded(replace(GOOD, paths=left))
    assert "disable --quiet --now" in text and text.endswith("/etc/firstlight/tls/dns")


def test_where_the_host_makes_none() -> None:
    none = replace(GOOD, purpose="", left=0)
    assert yielded(none, purpose="-") == []


def test_with_acme_anything_will_do_to_begin_with() -> None:
    assert len(yielded(replace(GOOD, purpose=""), purpose="")) == 1
    assert yielded(replace(GOOD, purpose="placeholder", left=0.1), purpose="") == []


@pytest.mark.parametrize("change", [{"purpose": "placeholder"}, {"left": 0.2}, {"asked": True}])
def test_the_acme_server_is_asked(change: dict[str, Any]) -> None:
    facts = {CertificateState: replace(GOOD, **change)}
    (command,), _ = commands(issued, facts, place="x", purpose="p")
    text = command.get_raw_value()
    assert "firstlight-certificate.service" in text and "serves on with the one it has" in text


def test_the_metric_says_what_is_shown() -> None:
    facts = {CertificateState: replace(GOOD, served=False)}
    (command,), _ = commands(issued, facts, place="x", purpose="")
    assert "firstlight-certificate-expiry.service" in command.get_raw_value()
