"""What every test has in common: its marker follows from the folder it stands in."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        top = item.path.relative_to(HERE).parts[0]
        item.add_marker(top if top in ("lab", "roles") else "unit")
