"""Settings of one host from its GPU keys alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firstlight.settings import HostSettings, load_host
from tests.site import load

__all__ = ["load"]

Wanted = Callable[..., HostSettings]


@pytest.fixture
def wanted(tmp_path: Path) -> Wanted:
    """Load a host that serves nothing, with these keys under ``nvidia``."""

    def wanted(**nvidia: Any) -> HostSettings:
        return load_host("gpu1", {"nvidia": nvidia}, (), tmp_path)

    return wanted
