"""The names that rules and dashboards go by are those that hosts tell, and the docs say each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SOURCES = sorted((ROOT / "firstlight/exporter").glob("*.py"))
NAME = re.compile(r"\bfirstlight_[a-z0-9_]+\b")
EXPOSITIONS = ROOT / "tests/monitor/expositions"


def told() -> set[str]:
    """The names in the program's text: each stands there whole."""
    found = {
        name for path in SOURCES for name in re.findall(r'"(firstlight_\w+)"', path.read_text())
    }
    assert len(found) > 25
    return found


def test_the_docs_say_each() -> None:
    assert told() - set(NAME.findall((ROOT / "docs/exporters.md").read_text())) == set()


@pytest.mark.parametrize("page", ["facts", "xid", "ollama"])
def test_what_rules_are_tried_with_is_what_hosts_tell(page: str) -> None:
    lines = (EXPOSITIONS / f"{page}.prom").read_text().splitlines()
    names = {match[0] for line in lines if (match := NAME.match(line))}
    assert names and names - told() == set()
