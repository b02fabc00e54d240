"""What every test has in common: its marker follows from the folder it stands in.

Where the lab cannot run, its tests are skipped with one loud line that says why; with CI=true
that is a failure.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from firstlight.lab.packages import capable
from tests import schedule
from tests.lab import ahead

HERE = Path(__file__).resolve().parent
REASON = pytest.StashKey[str | None]()
AHEAD = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    reason = capable()
    config.stash[REASON] = reason
    without_lab = config.option.markexpr == "not lab"
    if reason is not None and os.environ.get("CI") == "true" and not without_lab:
        raise pytest.UsageError(f"CI=true, but the lab cannot run here: {reason}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        top = item.path.relative_to(HERE).parts[0]
        item.add_marker(top if top in ("lab", "roles") else "unit")
        if top == "lab" and (reason := config.stash[REASON]):
            item.add_marker(pytest.mark.skip(reason=reason))
        # The set-up of fixtures counts: the first test of a lab waits for its images, its hosts and
        # a whole run, on a machine that may be busy with another lab.
        if top == "lab" and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(1800))
        # Real hosts on a busy machine: a second failure counts, and the first is told as well.
        if top == "lab" and os.environ.get("CI") == "true":
            item.add_marker(pytest.mark.flaky(reruns=1))
    items.sort(key=lambda item: schedule.place(item.nodeid))


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist, which only `make test` asks for
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    return schedule.scheduler(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist: told by each worker, to the one they serve
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    config: pytest.Config = node.config
    names = ahead.wanted(ids)
    if names and config.stash[REASON] is None and not config.stash.get(AHEAD, False):
        config.stash[AHEAD] = True
        process = ahead.begin(names)
        config.add_cleanup(lambda: ahead.end(process))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if (reason := config.stash[REASON]) and config.option.markexpr != "not lab":
        terminalreporter.write_line(f"LAB TESTS SKIPPED: {reason}", yellow=True, bold=True)
    # The plugin tells the names alone of what failed and was tried once more.
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"tried once more: {report.nodeid}", sep="_")
        terminalreporter.write_line(report.longreprtext)
