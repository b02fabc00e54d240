"""A run that is killed at any moment is mended by the next one, whoever died: controller or host.

The moments are met one after the other on one host that starts out bare, so that each run
finds what the one before left behind. What the last run makes equals a host never killed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.lab.cut import Moment, Victim, cut
from tests.lab.half_done import ENGINES, RELEASES, STORE, half_done
from tests.lab.host_tree import HostTree, bare_again, strangers, tree
from tests.lab.hub import faulty
from tests.lab.rack import TestRack

HOST, MODEL = "lab2", "lab1"
SEED = 20090412
# On a bare host in this order: the operation, a sign within it, how many seconds after that the
# cut comes at the latest, and who dies. Every way in which a run writes to a host is in here once
# or twice; that further operations write in the same ways, tests/operations shows.
PLAN: tuple[tuple[str, str, float, Victim], ...] = (
    ("Base | Install common packages", "Unpacking", 2, "host"),
    ("Docker | Install Docker from the distribution", "Setting up", 2, "controller"),
    ("Docker | Configure and run dockerd", "", 1.5, "host"),
    ("Image | Pull engine images by digest", "", 2, "host"),
    ("Models | Install the fetch program and its jobs", "", 0.3, "controller"),
    ("Models | Fetch the weights of tiny", "", 3, "host"),
    ("Models | Fetch the weights of tiny", "", 1, "controller"),
    ("Engine | Have tiny answer", "", 0.5, "host"),
    ("Engine | Have tiny answer", 'systemctl start "$unit"', 1, "controller"),
    ("Edge | Point nginx at firstlight's configuration", "", 0.1, "controller"),
    ("Edge | Serve the edge's release", "", 0.5, "host"),
)


def moments() -> Iterator[Moment]:
    """The seeded moments, the same in every session."""
    chance = random.Random(SEED)
    for operation, sign, seconds, victim in PLAN:
        yield Moment(operation, sign, chance.uniform(0.1, 1) * seconds, victim)


@pytest.fixture(scope="module")
def whole(deployed: TestRack) -> HostTree:
    """What stands on a host that was deployed to and never killed."""
    return tree(deployed, MODEL)


@pytest.fixture(scope="module")
def bare(rack: TestRack) -> HostTree:
    """The host to be cut off, bare but for its owner's own Docker settings."""
    return bare_again(rack, HOST)


def test_every_moment_is_mended(rack: TestRack, whole: HostTree, bare: HostTree) -> None:
    cut_off = []
    with faulty(rack, slow={"tiny.gguf": 250_000}):  # bytes a second
        for moment in moments():
            deploy = cut(rack, HOST, moment)
            if deploy.code != 0:
                cut_off.append(deploy.begun[-1])
            print(f"{moment}: landed in {deploy.begun[-1]}")
            assert half_done(rack, HOST, whole, bare) == [], f"{moment}\n{deploy.text}"
    # On a fast machine an operation may be over before the cut lands: that is another moment.
    assert len(cut_off) >= 7 and len(set(cut_off)) >= 5, cut_off

    mended = rack.deploy(HOST)
    assert mended.code == 0, mended.text
    _, totals = rack.changes(HOST)
    assert (totals["success"], totals["error"]) == (0, 0), totals
    here, model = tree(rack, HOST).described(), whole.described()
    assert strangers(here, model) == []
    # The model may have had releases, engines and weights before the current ones.
    before = (RELEASES, STORE, ENGINES, "/etc/firstlight/engines/")
    missing = [path for path in sorted(set(model) - set(here)) if not path.startswith(before)]
    assert missing == []
