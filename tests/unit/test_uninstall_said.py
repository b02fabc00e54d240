"""What a host says before anything of it is removed: also all that --dry shows."""

from __future__ import annotations

from typing import Any

import pytest

from firstlight.facts.manifest import Entry, Recorded, Unit
from firstlight.operations.uninstall import Traces
from firstlight.uninstall_plan import said
from tests.site import Load

TRACES = Traces((), (), "/srv/models")
STATE = Entry("/var/lib/firstlight", "-", "755 root:root")
WORDS: dict[str, Any] = {
    "own": (("/etc/firstlight",),),
    "network": (("fl-8000",),),
    "sysctl": (("net/ipv4/ip_forward", "0"),),
    "moved": (("+", "installed", "nginx"), ("-", "installed", "old")),
    "weights": (("/srv/models",),),
    "foreign": (("0",),),
}
DOCKER = Unit("docker.service", ("-", "-"), ("enabled", "active"))


def lines(load: Load, found: Recorded, **wanted: bool) -> str:
    return "\n".join(said(found, load(uninstall=wanted), TRACES))


def test_what_is_no_file_is_announced_as_well(load: Load) -> None:
    text = lines(load, Recorded("first", (STATE,), (DOCKER,), WORDS))
    for line in (
        "networks of Docker that go: fl-8000",
        "value of before: net/ipv4/ip_forward",
        "systemctl stop docker.service: as it was before",
        "packages that firstlight installed stay",
        "packages that firstlight removed are not put back: old",
        "the weights in /srv/models stay",
        "/var/lib/firstlight goes, with whatever is in it, but for the manifest",
    ):
        assert line in text


@pytest.mark.parametrize(
    ("wanted", "stays"),
    [({}, True), ({"packages": True}, True), ({"packages": True, "weights": True}, False)],
)
def test_the_manifest_stays_as_long_as_it_is_needed(
    load: Load, wanted: dict[str, bool], stays: bool
) -> None:
    text = lines(load, Recorded("first", (STATE,), words=WORDS), **wanted)
    assert ("but for the manifest" in text) is stays


def test_what_was_left_on_purpose_is_not_announced_again(load: Load) -> None:
    words = {kind: each for kind, each in WORDS.items() if kind != "own"}
    assert "/var/lib/firstlight goes" not in lines(load, Recorded("first", (STATE,), words=words))


def test_docker_stays_with_what_others_have_in_it(load: Load) -> None:
    words = {**WORDS, "foreign": (("1",),)}
    text = lines(load, Recorded("first", units=(DOCKER,), words=words), packages=True)
    assert "Docker stays, and runs on" in text and "systemctl stop docker" not in text


def test_a_host_from_before_the_manifest_says_so(load: Load) -> None:
    found = Recorded(words={"own": (("/etc/firstlight",),)})
    assert "firstlight was here before it kept a manifest" in lines(load, found)
    assert lines(load, Recorded()) == ""
