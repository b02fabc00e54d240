"""Weights that come wrong, or not whole: never served, never looking complete, never in vain."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.lab.hub import faulty
from tests.lab.rack import TestRack
from tests.lab.refused import explained

PADDING = "padding.bin"
PADDING_BYTES = 64 * 2**20
CUT = 40_000_000
# huggingface_hub writes whole pieces of this size; what came of the next one is lost.
CHUNK = 10 * 2**20
MARKER = ".firstlight.json"
JUNK = (
    "rm -rf /srv/models/firstlight--padded@* /srv/models/.incoming/firstlight--padded@*; "
    "rm -f /etc/firstlight/weights/second.json /etc/firstlight/secrets/hub-token-second; "
    "find /srv/models/.blobs -links 1 -delete"
)
SERVES = "docker inspect -f '{{.Id}} {{.State.StartedAt}}' firstlight-tiny"


@pytest.fixture(scope="module")
def alone(deployed: TestRack) -> Iterator[None]:
    """The host serves one model before and after, and its engine was never restarted."""
    served = deployed.sh("lab1", f"{JUNK}; {SERVES}").out
    yield
    deployed.changes("lab1")
    assert deployed.sh("lab1", f"{JUNK}; {SERVES}").out == served


@pytest.fixture
def second(deployed: TestRack, alone: None) -> dict[str, object]:
    """Settings with a second model, whose weights are not on the host."""
    deployed.sh("lab1", JUNK)
    other = {"name": "second", "port": 8001, **deployed.repository("padded")}
    other["include"] = ["tiny.gguf", PADDING]
    return {"models": [deployed.model(), deployed.model(**other)]}


def store(rack: TestRack) -> list[str]:
    """Return all that stands in the store and belongs to the second model: size and path."""
    script = "cd /srv/models; find . -path '*padded*' -type f -printf '%s %p\\n'"
    return rack.sh("lab1", script).out.splitlines()


def received(rack: TestRack) -> int:
    """Return the bytes that the host received so far."""
    return int(rack.sh("lab1", "cat /sys/class/net/host0/statistics/rx_bytes").out)


def test_wrong_bytes_are_never_served_or_kept(
    deployed: TestRack, second: dict[str, object]
) -> None:
    with faulty(deployed, corrupt=[PADDING]):
        run = deployed.deploy("lab1", data=second)
    explained(run, "weights of second could not be fetched", f"{PADDING} has the wrong checksum")
    assert "expected sha256:" in run.text and "check the hub or mirror" in run.text
    assert not any(PADDING in line or MARKER in line for line in store(deployed))
    assert deployed.sh("lab1", "ls /etc/systemd/system").out.count("engine-second") == 0
    assert deployed.client("lab1").answers()


def test_a_download_that_was_cut_off_goes_on_where_it_ended(
    deployed: TestRack, second: dict[str, object]
) -> None:
    with faulty(deployed, cut_at={PADDING: CUT}):
        run = deployed.deploy("lab1", data=second)
    explained(run, f"{PADDING} was cut off", "run again; what is there already is kept")
    (partial,) = [line for line in store(deployed) if line.endswith(PADDING)]
    size, _, path = partial.partition(" ")
    assert CUT - CHUNK <= int(size) <= CUT
    assert path.startswith("./.incoming/") and not any(MARKER in line for line in store(deployed))

    before = received(deployed)
    run = deployed.deploy("lab1", data=second)
    assert run.code == 0, run.text
    assert received(deployed) - before < PADDING_BYTES - CUT / 2
    marker = deployed.sh("lab1", f"cat /srv/models/firstlight--padded@*/{MARKER}").out
    assert json.loads(marker)["files"][PADDING]["size"] == PADDING_BYTES
    assert not any(".incoming" in line for line in store(deployed))
    assert [*deployed.client("lab1").stream(4, "/models/second/v1/chat/completions")][
        -1
    ] == "[DONE]"
