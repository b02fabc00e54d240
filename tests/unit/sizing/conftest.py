"""Settings of one host in a site on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from firstlight import keys
from firstlight.settings import HostSettings, load_host


@pytest.fixture
def load_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., HostSettings]:
    """Load a host named gpu1 with the given keys; the settings' own size check is left out."""
    keys.issue(tmp_path / ".firstlight/lab/keys/api-keys.toml", "alice")

    def load(**data: object) -> HostSettings:
        with monkeypatch.context() as patch:
            patch.setattr("firstlight.settings.check.misfits", lambda _: [], raising=False)
            whole = {"site": "lab", "domain": "llm.example.net", **data}
            return load_host("gpu1", whole, ("gpu",), tmp_path)

    return load
