"""Whether the edge has to change before the engines do, from what stands on a host."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from firstlight.edge import backend
from firstlight.facts.backend import SCRIPT, EdgeBeforeEngines
from firstlight.secret import Secret, revealed


@pytest.mark.parametrize(
    ("shown", "expected"),
    [("no release", False), ("no fragment", True), (None, True), (Secret("backend_x"), False)],
)
def test_the_edge_is_first_where_it_shows_nothing_yet(
    tmp_path: Path, shown: str | Secret | None, expected: bool
) -> None:
    if shown != "no release":
        (tmp_path / "nginx.conf").write_text("# a release\n")
    if shown is None or isinstance(shown, Secret):
        (tmp_path / backend.NAME).write_text(revealed(backend.files(shown)[backend.NAME]))
    words = ["sh", "-c", SCRIPT, "backend", str(tmp_path), backend.NAME]
    done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=True)
    assert EdgeBeforeEngines().process(done.stdout.splitlines()) is expected
    assert "backend_x" not in done.stdout
