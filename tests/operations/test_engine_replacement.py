"""An engine replaced by another version of itself: forward, and back where it does not answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from firstlight.engines.instance import Node
from firstlight.engines.unit import EngineUnit
from firstlight.settings import Model
from tests.operations.engine_host import Host, have, switch
from tests.units import unit_of


def test_a_new_version_takes_the_place_of_the_old(host: Host, unit: EngineUnit) -> None:
    _, command = switch(unit, have(unit, spec="another", unit="another"))
    kept, gone = host.folder / "tiny/config-kept", host.folder / "tiny/config-gone"
    before, other = host.folder / "tiny.yaml", host.folder / "tiny/watch-other.json"
    for path in (kept, gone, before, other):
        path.touch()
    host.installed.write_text(f"old {kept} {before}")
    (host.units / "firstlight-engine-other.service").write_text(f"{other}")
    (host.state / "tiny/next.service").write_text("new")
    code, _ = host.replace(command, "new")
    assert code == 0 and host.installed.read_text() == "new"
    assert host.verbs() == ["stop", "daemon-reload", "start"]
    # What the version before reads stays, to go back to.
    assert (host.state / "tiny/previous.service").read_text().startswith("old")
    assert kept.exists() and before.exists() and other.exists() and not gone.exists()


def test_a_version_that_does_not_answer_is_taken_back(host: Host, unit: EngineUnit) -> None:
    _, command = switch(unit, have(unit, spec="another", unit="another"))
    host.installed.write_text("old")
    (host.state / "tiny/next.service").write_text("new")
    code, said = host.replace(command, "old")
    assert code == 1 and host.installed.read_text() == "old"
    assert host.verbs() == ["stop", "daemon-reload", "start", "stop", "daemon-reload", "start"]
    assert said.index("CUDA out of memory") < said.index("returned to the version before")
    # What the version before said is not among them.
    (words,) = host.stubs.calls("journalctl")
    assert "_SYSTEMD_INVOCATION_ID=5eed + INVOCATION_ID=5eed" in words


def made_room(host: Host, *names: str) -> None:
    """Engines that were stopped for others, as MAKE_ROOM leaves them."""
    for name in names:
        (host.state / name).mkdir(exist_ok=True)
        (host.state / name / "unproven").touch()


def test_others_that_made_room_for_it_start_again(host: Host, unit: EngineUnit) -> None:
    _, command = switch(unit, have(unit, spec="another", unit="another"))
    made_room(host, "tiny", "second", "third.2")
    host.installed.write_text("new, and stopped")
    (host.state / "tiny/previous.service").write_text("old")
    (host.state / "tiny/next.service").write_text("new")
    code, said = host.replace(command, "old", "inactive")
    assert code == 1 and host.installed.read_text() == "old"
    assert host.stubs.calls("systemctl")[-4:] == [
        "systemctl is-active firstlight-engine-second.service",
        "systemctl start --no-block firstlight-engine-second.service",
        "systemctl is-active firstlight-engine-third.2.service",
        "systemctl start --no-block firstlight-engine-third.2.service",
    ]
    assert "second had made room, and starts again as it was" in said


def test_a_new_one_that_does_not_answer_leaves_the_place_to_who_had_it(
    host: Host, unit: EngineUnit
) -> None:
    _, command = switch(unit, {})
    made_room(host, "second")
    (host.state / "tiny/next.service").write_text("new")
    code, _ = host.replace(command, "nothing", "inactive")
    assert code == 1
    assert host.stubs.calls("systemctl")[-2:] == [
        "systemctl disable --quiet --now firstlight-engine-tiny.service",
        "systemctl start --no-block firstlight-engine-second.service",
    ]


def test_others_that_serve_are_left_alone(host: Host, unit: EngineUnit) -> None:
    _, command = switch(unit, {})
    made_room(host, "second")
    (host.state / "tiny/next.service").write_text("new")
    assert host.replace(command, "nothing", "active")[0] == 1
    assert not [
        call for call in host.stubs.calls("systemctl") if "start" in call and "second" in call
    ]
    assert "--now" not in " ".join(host.stubs.calls("systemctl"))


def test_neither_version_answers(host: Host, unit: EngineUnit) -> None:
    _, command = switch(unit, have(unit, spec="another", unit="another"))
    host.installed.write_text("old")
    (host.state / "tiny/next.service").write_text("new")
    code, said = host.replace(command, "nothing")
    assert code == 1 and "the version before does not start either" in said


def test_an_engine_that_does_not_answer_is_shown_with_its_last_words(
    host: Host, unit: EngineUnit
) -> None:
    _, command = switch(unit, {})
    (host.state / "tiny/next.service").write_text("new")
    code, said = host.replace(command, "nothing")
    assert code == 1
    assert "CUDA out of memory" in said and "gpu1" in said and "returned" not in said
    assert f"start_timeout is {unit.model.start_timeout} s" in said


def test_a_copy_over_several_hosts_is_not_half_put_back(
    host: Host, model: Callable[..., Model]
) -> None:
    alone = unit_of(model())
    node = Node(1, 2, "192.0.2.1", "192.0.2.2")
    unit = EngineUnit(replace(alone.instance, node=node))
    _, command = switch(unit, have(unit, spec="another", unit="another"))
    host.installed.write_text("old")
    (host.state / "tiny/next.service").write_text("new")
    code, said = host.replace(command, "old")
    assert code == 1 and host.installed.read_text() == "new"
    assert "a copy over several hosts is not put back by itself" in said
    assert not (host.state / "tiny/unproven").exists()
