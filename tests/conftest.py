"""What every test has in common: its marker follows from the folder it stands in.

Where the lab cannot run, its tests are skipped with one loud line that says why; with CI=true
that is a failure.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from firstlight.lab.packages import capable

HERE = Path(__file__).resolve().parent
REASON = pytest.StashKey[str | None]()


def pytest_configure(config: pytest.Config) -> None:
    reason = capable()
    config.stash[REASON] = reason
    without_lab = config.option.markexpr == "not lab"
    if reason is not None and os.environ.get("CI") == "true" and not without_lab:
        raise pytest.UsageError(f"CI=true, but the lab cannot run here: {reason}")


# Side by side, the longest go first: what is started last decides when all have ended.
LONGEST = ("test_vllm.py", "test_power_cuts.py", "test_two_operators.py")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        top = item.path.relative_to(HERE).parts[0]
        item.add_marker(top if top in ("lab", "roles") else "unit")
        if top == "lab" and (reason := config.stash[REASON]):
            item.add_marker(pytest.mark.skip(reason=reason))
    items.sort(key=lambda item: LONGEST.index(name) if (name := item.path.name) in LONGEST else 9)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if (reason := config.stash[REASON]) and config.option.markexpr != "not lab":
        terminalreporter.write_line(f"LAB TESTS SKIPPED: {reason}", yellow=True, bold=True)
