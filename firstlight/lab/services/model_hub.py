"""The lab's model hub as a background program on the bridge address."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

import firstlight
from firstlight.lab.services import models, repository, shelf
from firstlight.lab.services.background import Background
from firstlight.lab.state import Rack

PORT = 8090
TIMEOUT = 5.0


def url(rack: Rack) -> str:
    """What HF_ENDPOINT is set to."""
    return f"http://{rack.address}:{PORT}"


def token_file(rack: Rack) -> Path:
    """Where the token for the gated repository lies (0600)."""
    return rack.state_dir / "services" / "hub-token"


def root(rack: Rack) -> Path:
    """The hub's folder; tests lay ``faults.json`` there."""
    return rack.machine_dir / "services" / "hub"


def start(rack: Rack) -> dict[str, dict[str, Any]]:
    """Start the hub unless it runs and serves the right commits; return the models it has."""
    root(rack).mkdir(parents=True, exist_ok=True)
    _ensure_token(rack)
    described = models.described(models.lay_out(root(rack)))
    _background(rack).start(lambda: _serves(rack, described))
    return described


def ollama(rack: Rack) -> dict[str, Any]:
    """Return for lab.json how the tiny model is had from the SIMULATED Ollama registry."""
    folder = root(rack) / "repos" / models.OWNER / models.TINY / repository.MAIN
    return shelf.described(models.TINY, repository.read(folder, models.TINY), url(rack))


def stop(rack: Rack) -> None:
    """End the hub."""
    _background(rack).stop()


def _background(rack: Rack) -> Background:
    # -B: the package may lie in a user's checkout, where root should leave no byte-code.
    module = ("-B", "-m", "firstlight.lab.services.hub")
    argv = (
        sys.executable, *module,
        "--root", str(root(rack)),
        "--listen", f"{rack.address}:{PORT}",
        "--token-file", str(token_file(rack)),
    )  # fmt: skip
    package = Path(firstlight.__file__).resolve().parents[1]
    return Background("hub", argv, rack.machine_dir / "services", package)


def _serves(rack: Rack, described: dict[str, dict[str, Any]]) -> bool:
    try:
        return all(_commit(rack, each["repo"]) == each["revision"] for each in described.values())
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return False


def _commit(rack: Rack, name: str) -> str:
    connection = http.client.HTTPConnection(rack.address, PORT, timeout=TIMEOUT)
    try:
        connection.request("GET", f"/api/models/{name}")
        return str(json.loads(connection.getresponse().read())["sha"])
    finally:
        connection.close()


def _ensure_token(rack: Rack) -> None:
    path = token_file(rack)
    if path.is_file() and path.stat().st_size:
        return
    rack.make_state_dir("services")
    draft = path.with_name(".hub-token.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(f"hf_lab_{secrets.token_hex(16)}\n")
    rack.give_to_owner(draft)
    draft.replace(path)
