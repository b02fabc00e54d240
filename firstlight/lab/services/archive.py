"""The SIMULATED GPU vendor's archive as a background program on the bridge address."""

from __future__ import annotations

import http.client
import sys
from pathlib import Path
from typing import Any

import firstlight
from firstlight.lab.exclusive import Say, quiet
from firstlight.lab.gpus import archive
from firstlight.lab.services.background import Background
from firstlight.lab.state import Rack

PORT = 8091
TIMEOUT = 5.0


def url(rack: Rack) -> str:
    """Where the archive's root is."""
    return f"http://{rack.address}:{PORT}"


def switches(rack: Rack) -> Path:
    """The folder where tests lay ``faults.json``."""
    return rack.machine_dir / "services" / "archive"


def key_file(rack: Rack, name: str) -> Path:
    """A repository's public key in the checkout: what the inventory names."""
    return rack.state_dir / "services" / f"{name}.asc"


def kernel_source(rack: Rack) -> tuple[str, str]:
    """URL and armored key of the repository with kernel packages, which hosts come with."""
    folder = archive.ensure(rack.cache_dir, quiet)
    path = archive.described(folder)["kernel"]["path"]
    return f"{url(rack)}/{path}", (folder / "kernel.asc").read_text(encoding="utf-8")


def start(rack: Rack, say: Say = quiet) -> dict[str, Any]:
    """Start the archive unless it runs; for lab.json: URL, key and fingerprint by repository."""
    folder = archive.ensure(rack.cache_dir, say)
    switches(rack).mkdir(parents=True, exist_ok=True)
    rack.make_state_dir("services")
    told = {}
    for name, each in archive.described(folder).items():
        target, public = key_file(rack, name), (folder / f"{name}.asc").read_text()
        if not target.is_file() or target.read_text() != public:
            target.write_text(public)
            rack.give_to_owner(target)
        told[name] = {
            "url": f"{url(rack)}/{each['path']}",
            "key": str(target.relative_to(rack.checkout)),
            "fingerprint": each["fingerprint"],
        }
    _background(rack, folder).start(lambda: _serves(rack))
    return told


def stop(rack: Rack) -> None:
    """End the archive, whichever build it serves."""
    _background(rack, Path("/")).stop()


def _background(rack: Rack, folder: Path) -> Background:
    # -B: the package may lie in a user's checkout, where root should leave no byte-code.
    module = ("-B", "-m", "firstlight.lab.services.archive_server")
    argv = (
        sys.executable, *module,
        "--root", str(folder),
        "--listen", f"{rack.address}:{PORT}",
        "--faults", str(switches(rack)),
    )  # fmt: skip
    package = Path(firstlight.__file__).resolve().parents[1]
    return Background("archive", argv, rack.machine_dir / "services", package)


def _serves(rack: Rack) -> bool:
    """Whether it answers; a fault that is switched on is an answer too."""
    connection = http.client.HTTPConnection(rack.address, PORT, timeout=TIMEOUT)
    try:
        connection.request("HEAD", "/archive.json")
        return connection.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
