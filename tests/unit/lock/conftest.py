"""A hub whose branches move, and a registry: what an inventory's names are looked up at."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstlight.lab.services import repository
from firstlight.lab.services.hub import Hub
from firstlight.lab.services.hub_request import Library
from tests.unit.server import Server, say, server

__all__ = ["server"]

TOKEN = "hf_test_" + "0" * 20


class MovingHub:
    """The lab's hub with one repository ``org/model``, whose branch ``main`` tests move."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.put("config.json", b"{}")
        self.put("model.safetensors", b"weights")
        self._http = Hub(("127.0.0.1", 0), root, TOKEN)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        poll = {"poll_interval": 0.02}
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs=poll, daemon=True)
        self._thread.start()

    @property
    def commit(self) -> str:
        return self._http.library.repositories["org/model"].branches["main"].commit

    def put(self, name: str, content: bytes) -> None:
        path = self.root / "repos/org/model/main" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def move(self, content: bytes) -> None:
        """Commit other weights to the branch."""
        self.put("model.safetensors", content)
        self._http.library = Library(self.root, repository.load(self.root), TOKEN)

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[MovingHub]:
    made = MovingHub(tmp_path / "hub")
    yield made
    made.stop()


class TaggedRegistry:
    """A registry with one image, whose tag tests move."""

    def __init__(self, server: Server) -> None:
        self.image = f"localhost:{server.port}/org/engine"
        self.ca = server.authority.path
        self.server = server
        self.move("first")

    def move(self, content: str) -> None:
        body = json.dumps({"schemaVersion": 2, "layers": [], "is": content}).encode()
        self.server.answer = lambda handler: say(handler, 200, body)


@pytest.fixture
def tagged(server: Server) -> TaggedRegistry:
    return TaggedRegistry(server)
