"""The lab's model hub with a small repository, and fetch jobs for it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_DISABLE_PROGRESS_BARS="1", HF_HUB_DISABLE_TELEMETRY="1")

import pytest

from firstlight.lab.services import repository, shelf_request
from firstlight.lab.services.hub import Hub

CONTENT = {
    "model.safetensors": b"w" * 300_000,
    "config.json": b'{"a": 1}',
    "sub/tokenizer.json": b"t" * 1000,
    "README.md": b"not wanted",
}
GGUF = {"tiny.gguf": b"g" * 200_000}
REPOSITORIES = {"org/open": CONTENT, "org/gated": CONTENT, "firstlight/small": GGUF}
TOKEN = "hf_t0ken"


class SmallHub:
    """``asked`` are path and Range of every GET of a file; faults.json is written by fault()."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, files in REPOSITORIES.items():
            for path, content in files.items():
                file = root / "repos" / name / "main" / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
        (root / "hub.json").write_text(json.dumps({"gated": ["org/gated"]}))
        self.asked: list[tuple[str, str | None]] = []
        asked = self.asked

        class Recording(shelf_request.Handler):
            def do_GET(self) -> None:  # noqa: N802
                path = self.path.rsplit("/resolve/", 1)[-1].split("/", 1)[1]
                if not path.startswith("api/"):
                    asked.append((path, self.headers.get("Range")))
                super().do_GET()

            def log_message(self, *_: object) -> None:
                pass

        self._http = Hub(("127.0.0.1", 0), root, TOKEN)
        self._http.RequestHandlerClass = Recording
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        poll = {"poll_interval": 0.02}
        threading.Thread(target=self._http.serve_forever, kwargs=poll, daemon=True).start()

    def revision(self, name: str, branch: str = "main") -> str:
        return self._http.library.repositories[name].branches[branch].commit

    def reload(self) -> None:
        self._http.library.repositories.update(repository.load(self.root))

    def fault(self, **switches: Any) -> None:
        (self.root / "faults.json").write_text(json.dumps(switches))

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[SmallHub]:
    made = SmallHub(tmp_path / "hub")
    yield made
    made.stop()


@pytest.fixture
def job(hub: SmallHub, tmp_path: Path) -> dict[str, Any]:
    """The job that fetches org/open into a store of the test's own."""
    store = tmp_path / "the store"
    store.mkdir()
    return {
        "name": "small",
        "source": f"hf://org/open@{hub.revision('org/open')}",
        "hub": hub.url,
        "include": ["*.safetensors", "*.json"],
        "file": "",
        "sha256": {},
        "folder": str(store / "org--open@x"),
        "incoming": str(store / ".incoming"),
        "marker": ".firstlight.json",
    }
