"""A SIMULATED driver for each class of card."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lab.dcgm.silicon import Silicon, made


@pytest.fixture
def geforce(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Silicon:
    return made("geforce", tmp_path, monkeypatch)


@pytest.fixture
def datacenter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Silicon:
    return made("datacenter", tmp_path, monkeypatch)
