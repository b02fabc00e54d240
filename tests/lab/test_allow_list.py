"""The list of paths against a real engine's own: what is not on it is not there, by no method."""

from __future__ import annotations

from firstlight.engines.llamacpp import ENGINE
from tests.lab.knocking import KEY, reached, statuses
from tests.lab.rack import TestRack
from tests.routes import recorded

HOST = "lab1"
# What its makers leave open, and the edge does not: health, and the names of models.
ALWAYS = {"/health", "/v1/health"}
ABSENT = 404


def test_every_recorded_route_is_there(deployed: TestRack) -> None:
    """Else the tests below would knock at walls."""
    routes = sorted(recorded("llamacpp"))
    found = statuses(deployed, HOST, routes, f"$(cat {KEY})")
    told = dict(zip(routes, found, strict=True))
    assert [route for route, status in told.items() if status in (ABSENT, 401)] == []


def test_clients_reach_nothing_but_what_is_on_the_list(deployed: TestRack) -> None:
    reached(deployed, HOST, {path for _, path in recorded("llamacpp")}, ENGINE.paths)


def test_the_engine_answers_its_own_edge_alone(deployed: TestRack) -> None:
    routes = sorted(route for route in recorded("llamacpp") if route[1] not in ALWAYS)
    for key in ("", "backend_" + "x" * 43):
        assert set(statuses(deployed, HOST, routes, key)) == {401}


def test_no_one_else_on_the_host_can_read_the_key(deployed: TestRack) -> None:
    """Not even a namesake of the container's user."""
    script = (
        f"find /etc/firstlight/engines/tiny -type f -exec "
        f"sudo -u nobody cat {{}} \\; 2>/dev/null; sudo -u nobody cat {KEY} 2>/dev/null; true"
    )
    assert deployed.sh(HOST, script).out == ""
    held = deployed.sh(HOST, "stat -c '%a %U' /etc/firstlight/engines/tiny/config-*").out
    assert set(held.splitlines()) == {"400 nobody"}
