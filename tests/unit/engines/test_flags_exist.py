"""Every flag that is set is one of the program's own, as the lab's stand-ins have them listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstlight.lab.images.standins import flags
from tests.unit.engines.golden import EXPECTED

PROGRAMS = {"sglang": "sglang", "tgi": "tgi", "triton": "triton-openai"}
TEXTS = sorted(path for name in PROGRAMS for path in EXPECTED.glob(f"{name}-*.txt"))


def commands(path: Path) -> list[list[str]]:
    """Return the flags of each instance's command line in an expected text."""
    found = []
    for part in path.read_text().split("\n\n"):
        lines = part.split("command\n")[1].split("environment\n")[0].splitlines()
        words = [word for line in lines for word in line.split()]
        first = next(at for at, word in enumerate(words) if word.startswith("--"))
        found.append(words[first:])
    return found


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_flags(path: Path) -> None:
    for words in commands(path):
        given = flags.read(PROGRAMS[path.stem.split("-")[0]], words)
        assert len(given) > 3


def test_one_that_there_is_not() -> None:
    with pytest.raises(SystemExit):
        flags.read("sglang", ["--model-path", "m", "--max-num-seqs", "4"])
