"""A real hub on the loopback, with a small padding."""

from __future__ import annotations

import hashlib
import threading
import time
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstlight.lab.services import models
from firstlight.lab.services.faults import FILE
from firstlight.lab.services.hub import Hub
from tests.unit.lab.hub.served import TOKEN, Served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    root = tmp_path_factory.mktemp("a hub")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "PADDING_BYTES", 1 << 20)
        patch.setattr(models, "PADDING_SHA256", hashlib.sha256(models.noise(1 << 20)).hexdigest())
        models.lay_out(root)
    with Hub(("127.0.0.1", 0), root, TOKEN) as hub:
        thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield hub
        hub.shutdown()
        thread.join(5)


@pytest.fixture
def served(server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    # The client waits a second before it tries again: not in tests.
    impatient = types.SimpleNamespace(**{**vars(time), "sleep": lambda seconds: None})
    monkeypatch.setattr("huggingface_hub.file_download.time", impatient)
    root = server.library.root
    yield Served(f"http://127.0.0.1:{server.server_address[1]}", root, tmp_path / "client")
    (root / FILE).unlink(missing_ok=True)
