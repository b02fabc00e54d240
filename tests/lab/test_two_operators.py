"""Two operators deploy to one host at the same time: whoever wins, the host stays whole."""

from __future__ import annotations

from tests.lab.cut import Deploy
from tests.lab.half_done import half_done
from tests.lab.host_tree import bare_again, tree
from tests.lab.rack import TestRack

HOST, MODEL = "lab2", "lab1"
SECONDS = 300


def test_two_runs_at_once_do_no_damage(deployed: TestRack) -> None:
    bare, whole = bare_again(deployed, HOST), tree(deployed, MODEL)

    both = [Deploy(deployed, HOST, "-y"), Deploy(deployed, HOST, "-y")]
    codes = [each.end(SECONDS) for each in both]
    assert 0 in codes, "\n\n".join(each.text for each in both)
    for code, each in zip(codes, both, strict=True):
        assert "Traceback" not in each.text, each.text
        assert code == 0 or "] Error" in each.text, each.text
    assert half_done(deployed, HOST, whole, bare) == []

    mended = deployed.deploy(HOST)
    assert mended.code == 0, mended.text
    _, totals = deployed.changes(HOST)
    assert (totals["success"], totals["error"]) == (0, 0), totals
