"""What answers from outside is compared with what is declared, by port, protocol and source."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firstlight.audit.exposure import MANY, Seen, exposed, said, together
from firstlight.audit.finding import Finding, judged
from firstlight.audit.host import Looked, parsed
from firstlight.audit.listener import Listener
from firstlight.firewall.opening import ADMIN, Opening

SSH = Opening("ssh", (22,), ("10.0.0.0/8", "fc00::/7"), ADMIN)
EDGE = Opening("edge", (80, 443))
GATE = Opening("engine", (18000,), ("10.0.0.9",), "the edges edge1")
HTTP = Listener("tcp", "0.0.0.0", 8080, "python3", 77, "session-3.scope")
HOST = Looked("gpu1", ("gpu1",), openings=(SSH, EDGE, GATE), listeners=(HTTP,))
WELL = Seen("gpu1", "10.0.0.5", "here", "10.0.0.1", (22, 80, 443), asked=((1, 65535),))


def found(seen: Seen, looked: Looked = HOST) -> list[tuple[str, str]]:
    return [(each.control, each.level) for each in exposed(looked, seen)]


def test_what_is_declared_may_answer() -> None:
    assert found(WELL) == []


def test_what_is_not_declared_fails_by_the_name_of_its_program() -> None:
    (one,) = exposed(HOST, replace(WELL, tcp=(*WELL.tcp, 8080)))
    assert (one.control, one.level) == ("exposed-undeclared", "fail")
    assert "TCP 8080" in one.what and "python3 (session-3.scope)" in one.what
    assert "firewall.allow" in one.fix and "kill 77" in one.fix


def test_a_port_that_only_a_redirect_serves_is_no_program_to_declare() -> None:
    (one,) = exposed(HOST, replace(WELL, tcp=(*WELL.tcp, 4445)))
    assert one.level == "fail" and "nothing on the host listens there" in one.what
    assert "nft list ruleset | grep -e dnat -e redirect" in one.fix
    assert "firewall.allow" not in one.fix


def test_udp_is_declared_apart_from_tcp() -> None:
    assert found(replace(WELL, udp=(443,))) == [("exposed-undeclared", "fail")]
    quic = replace(HOST, openings=(*HOST.openings, Opening("edge", (443,), protocol="udp")))
    assert found(replace(WELL, udp=(443,)), quic) == []


@pytest.mark.parametrize(
    ("source", "port", "expected"),
    [
        ("10.0.0.9", 18000, []),
        ("10.0.0.8", 18000, [("exposed-source", "fail")]),
        ("203.0.113.7", 22, [("exposed-source", "fail")]),
        ("fd00::1", 22, []),
        ("2001:db8::1", 22, [("exposed-source", "fail")]),
        ("", 22, []),  # nobody knows where we came from
    ],
)
def test_what_is_for_some_answers_nobody_else(
    source: str, port: int, expected: list[tuple[str, str]]
) -> None:
    assert found(replace(WELL, source=source, tcp=(port, 80, 443))) == expected


def test_an_edge_that_does_not_answer_is_a_warning_once_it_was_asked() -> None:
    assert found(replace(WELL, tcp=(22, 80))) == [("exposed-silent", "warn")]
    assert found(replace(WELL, tcp=(22, 80), asked=((1, 100),))) == []
    assert found(replace(WELL, tcp=(22,), source="203.0.113.7", asked=((1, 79),)))[0][1] == "fail"


def test_a_host_without_a_firewall_is_no_flood_of_findings() -> None:
    many = list(exposed(HOST, replace(WELL, tcp=tuple(range(1, 3000)))))
    undeclared = [each for each in many if each.control == "exposed-undeclared"]
    assert len(undeclared) == MANY + 1
    assert f"{3000 - 1 - 3 - MANY} more" in undeclared[-1].what


def test_what_two_see_is_one_finding() -> None:
    seen = replace(WELL, tcp=(*WELL.tcp, 8080))
    views = [seen, replace(seen, vantage="edge1")]
    (one,) = together(each for view in views for each in exposed(HOST, view))
    assert one.why == "asked from here, and from edge1"


def test_ports_are_said_in_few_words() -> None:
    assert said([443, 80, 8001, 8000, 8002]) == "80, 443, 8000-8002"


def test_a_switched_off_control_says_why_and_what_it_would_have_said() -> None:
    raw = [
        Finding("a", "fail", "gpu1", "open", "seen", "shut it"),
        Finding("b", "note", "gpu1", "x"),
    ]
    off = judged([*raw, Finding("a", "off", "gpu1", "not looked at", "ours")], {"a": "ours"})
    assert [(each.control, each.level) for each in off] == [("b", "note"), ("a", "off")]
    assert off[1].why == "ours" and "open" in off[1].what
    assert judged(raw, {})[0].level == "fail"


def test_a_host_travels_as_one_line() -> None:
    looked = replace(HOST, findings=(Finding("a", "warn", "gpu1", "wörds\nof two lines"),))
    assert parsed(f"noise\n{looked.line()}\nnoise") == {"gpu1": looked}
