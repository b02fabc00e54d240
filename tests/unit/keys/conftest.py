"""An API key file that is not there yet, and ways to put one there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Written = Callable[..., Path]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "keys" / "api-keys.toml"


@pytest.fixture
def written(path: Path) -> Written:
    """Write a file at ``path``, private unless another mode is given."""

    def write(text: str | bytes, mode: int = 0o600) -> Path:
        path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    return write
