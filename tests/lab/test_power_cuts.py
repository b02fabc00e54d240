"""A run that is killed at any moment is mended by the next one, whoever died: controller or host.

The moments are met one after the other on one host that starts out bare, so that each run
finds what the one before left behind. What the last run makes equals a host never killed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest

from tests.lab.cut import Moment, cut
from tests.lab.first_day import OWNERS_DAEMON
from tests.lab.half_done import half_done
from tests.lab.host_tree import HostTree, strangers, tree
from tests.lab.hub import faulty
from tests.lab.rack import LAB, TestRack, firstlight

HOST, MODEL = "lab2", "lab1"
SEED = 20090412
# The operation, how long it takes at the least (the cut falls inside), who dies. On a bare host
# in this order; packages and images come twice, since a cut there leaves the most behind.
PLAN: tuple[tuple[str, float, str], ...] = (
    ("Base | Install common packages", 6, "host"),
    ("Base | Make firstlight's folders", 0.1, "controller"),
    ("Docker | Install Docker from the distribution", 7, "host"),
    ("Docker | Install Docker from the distribution", 5, "controller"),
    ("Docker | Configure and run dockerd", 1.5, "host"),
    ("Image | Pull engine images by digest", 2, "controller"),
    ("Image | Pull engine images by digest", 3, "host"),
    ("Models | Install the fetch program and its jobs", 0.2, "controller"),
    ("Models | Fetch the weights of tiny", 4, "host"),
    ("Models | Fetch the weights of tiny", 3, "controller"),
    ("Engine | Write engine units", 0.1, "host"),
    ("Engine | Have tiny answer", 0.8, "controller"),
    ("Edge | Install nginx", 3, "host"),
    ("Edge | Point nginx at firstlight's configuration", 0.1, "controller"),
    ("Edge | Serve the edge's release", 0.5, "host"),
    ("Ready | See the first token", 0.1, "controller"),
)


def moments() -> Iterator[Moment]:
    """The seeded moments, the same in every session."""
    chance = random.Random(SEED)
    for operation, seconds, victim in PLAN:
        assert victim in ("controller", "host")
        yield Moment(operation, chance.uniform(0.1, 1) * seconds, victim)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def whole(deployed: TestRack) -> HostTree:
    """What stands on a host that was deployed to and never killed."""
    return tree(deployed, MODEL)


@pytest.fixture(scope="module")
def bare(rack: TestRack) -> HostTree:
    """The host to be cut off, bare but for its owner's own Docker settings."""
    firstlight("lab", "reset", HOST, "--name", LAB)
    daemon = json.dumps(OWNERS_DAEMON)
    rack.sh(HOST, f"mkdir -p /etc/docker; echo '{daemon}' > /etc/docker/daemon.json")
    return tree(rack, HOST)


@pytest.mark.timeout(900)
def test_every_moment_is_mended(rack: TestRack, whole: HostTree, bare: HostTree) -> None:
    met = []
    with faulty(rack, slow={"tiny.gguf": 250_000}):  # bytes a second
        for moment in moments():
            deploy = cut(rack, HOST, moment)
            if deploy.code != 0 and deploy.begun[-1] == moment.operation:
                met.append(moment)
            assert half_done(rack, HOST, whole, bare) == [], f"{moment}\n{deploy.text}"
    # On a fast machine a short operation may be over before the cut: that is another moment.
    assert len(met) >= 10, met

    mended = rack.deploy(HOST)
    assert mended.code == 0, mended.text
    _, totals = rack.changes(HOST)
    assert (totals["success"], totals["error"]) == (0, 0), totals
    here, model = tree(rack, HOST).described(), whole.described()
    assert strangers(here, model) == []
    assert sorted(here) == sorted(model)
