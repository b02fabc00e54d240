"""An audit that is not whole says so: a host that was not looked at is never clean."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firstlight.audit import command, outside
from firstlight.audit.asked import Asked
from firstlight.audit.exposure import Seen
from firstlight.audit.finding import Finding
from firstlight.audit.host import Looked
from firstlight.audit.scan import HERE, Target
from firstlight.audit.target import targets
from firstlight.errors import FirstlightError
from firstlight.firewall.opening import Opening

GPU1 = Looked("gpu1", ("gpu1", "gpu2"), ("gpu1", "gpu2", "edge1"), named=("127.0.0.1",))
SEEN = Seen("gpu1", "10.0.0.5", HERE, "10.0.0.1", (22,), asked=((1, 65535),))
ASKED = Asked("inventory.py")


def says(monkeypatch: pytest.MonkeyPatch, out: str, err: str = "", code: int = 0) -> None:
    monkeypatch.setattr(command, "run", lambda *_, **__: (out, err, code))


def test_a_host_that_was_not_reached_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, GPU1.line(), "[gpu2] Could not connect: no route\nother\n", 1)
    looked, (problem,) = command.inside(ASKED)
    assert [*looked] == ["gpu1"]
    assert problem.where == "gpu2" and "no route" in problem.why and "--limit gpu2" in problem.fix


def test_hosts_stand_as_in_the_inventory_and_not_as_they_were_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    says(monkeypatch, f"{replace(GPU1, host='gpu2').line()}\n{GPU1.line()}")
    assert [*command.inside(ASKED)[0]] == ["gpu1", "gpu2"]


def test_what_mends_is_a_command_with_the_inventory(monkeypatch: pytest.MonkeyPatch) -> None:
    drift = Finding("firewall-drift", "fail", "gpu1", "x", "", "run deploys/firewall.py, or not")
    says(monkeypatch, replace(GPU1, asked=("gpu1",), findings=(drift,)).line())
    found = command.audit(Asked("my inventory.py", outside=False))
    assert found.findings[0].fix == "pyinfra 'my inventory.py' deploys/firewall.py, or not"


def test_no_host_at_all_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, "", "--> No host matches found for --limit pattern: nobody", 0)
    with pytest.raises(FirstlightError, match="name a host or a group"):
        command.inside(ASKED)
    says(monkeypatch, "", "refused: a typo", 1)
    with pytest.raises(FirstlightError, match="a typo"):
        command.inside(ASKED)


def test_a_run_that_fails_although_all_hosts_spoke_is_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    says(monkeypatch, replace(GPU1, asked=("gpu1",)).line(), "it broke", 1)
    assert command.inside(ASKED)[1][0].why == "it broke"


@pytest.mark.parametrize(
    ("seen", "missed"),
    [
        ([SEEN], []),
        ([], ["gpu1"]),
        ([replace(SEEN, tcp=(), error="ENETUNREACH")], ["gpu1"]),
        ([replace(SEEN, tcp=(), counts={"silent": 65535})], ["gpu1"]),
        ([replace(SEEN, tcp=(), counts={"closed": 65535})], []),
        ([replace(SEEN, tcp=()), replace(SEEN, vantage="edge1")], []),
    ],
)
def test_a_host_that_nobody_sees_from_outside_is_a_problem(
    seen: list[Seen], missed: list[str]
) -> None:
    assert [each.where for each in outside.unseen({"gpu1": GPU1}, seen)] == missed


def test_what_a_host_sees_of_itself_is_no_view_from_outside() -> None:
    own = Target("gpu1", "127.0.0.1", (), ())
    assert outside.from_(HERE, [own], {"gpu1": GPU1}, ASKED) == []
    assert outside.from_("gpu1", [replace(own, address="10.0.0.5")], {"gpu1": GPU1}, ASKED) == []


def test_behind_nat_we_come_from_where_the_host_sees_us() -> None:
    there = replace(GPU1, source="203.0.113.1")
    assert outside.as_seen(SEEN, there) == "203.0.113.1"
    assert outside.as_seen(replace(SEEN, source=""), there) == ""
    assert outside.as_seen(replace(SEEN, source="fd00::1"), there) == "fd00::1"
    assert outside.as_seen(SEEN, GPU1) == "10.0.0.1"


def test_a_vantage_that_cannot_look_is_a_problem_and_the_others_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def look(vantage: str, *_: object) -> list[Seen]:
        if vantage != HERE:
            raise FirstlightError("nothing was seen", where=vantage)
        return [SEEN]

    monkeypatch.setattr(outside, "from_", look)
    seen, missed = outside.outside([], {"gpu1": GPU1}, Asked("i.py", vantages=("edge1",)))
    assert seen == [SEEN] and [each.where for each in missed] == ["edge1"]


def test_an_address_that_may_be_somebody_elses_is_not_probed() -> None:
    """No SSH answers at the host's second address here, least of all with the host's key."""
    found, notes = targets(replace(GPU1, addresses=("127.0.0.1", "127.0.0.2"), ssh_port=1))
    assert [each.address for each in found] == ["127.0.0.1"]
    assert [(each.control, each.level) for each in notes] == [("exposed-address", "note")]


def test_a_switched_off_control_is_off_from_outside_too(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = replace(GPU1, asked=("gpu1",), openings=(Opening("edge", (443,)),))
    off = replace(looked, off={"exposed-silent": "the edge is being built"})
    monkeypatch.setattr(command, "outside", lambda *_: ([SEEN], []))
    for one, level in ((looked, "warn"), (off, "off")):
        says(monkeypatch, one.line())
        found = command.audit(ASKED)
        levels = {each.control: each.level for each in found.findings}
        assert levels == {"exposed-undeclared": "fail", "exposed-silent": level}
        assert isinstance(found.findings[0], Finding) and not found.problems
