"""The lab's OCI registry: Debian's docker-registry, over TLS, on the bridge address only."""

from __future__ import annotations

import hashlib
import http.client
import json
import ssl
from pathlib import Path

from firstlight import pki
from firstlight.lab.services.background import Background
from firstlight.lab.services.unpacked import fetched, program
from firstlight.lab.state import Rack

PORT = 5000
PROGRAM = Path("/usr/bin/docker-registry")
PACKAGE = "docker-registry"
TIMEOUT = 5.0
DAYS = 89

CONFIG = """# TLS key pair {fingerprint}
version: 0.1
log:
  level: warn
  accesslog:
    disabled: true
storage:
  filesystem:
    rootdirectory: {storage}
  delete:
    enabled: true
http:
  addr: {address}:{port}
  tls:
    certificate: {pair}
    key: {pair}
    minimumtls: tls1.2
"""


def endpoint(rack: Rack) -> str:
    """``ADDRESS:5000``, as it stands in image references."""
    return f"{rack.address}:{PORT}"


def ca_folder(rack: Rack) -> Path:
    """A folder that holds the CA's certificate only, for clients such as skopeo."""
    return _folder(rack) / "ca"


def ca_file(rack: Rack) -> Path:
    """The CA's certificate in the checkout: what guests are told to trust."""
    return rack.state_dir / "services" / "ca.crt"


def start(rack: Rack) -> Path:
    """Start the registry and return the path of its CA certificate; nothing if it runs."""
    folder = _folder(rack)
    (folder / "storage").mkdir(parents=True, exist_ok=True)
    authority = pki.Authority.load_or_create(folder / "tls", f"firstlight lab {rack.id}")
    leaf = pki.leaf(authority, folder / "tls", rack.address, (), DAYS)
    for target in (ca_folder(rack) / "ca.crt", ca_file(rack)):
        _publish(authority.pem, target, rack)
    config = folder / "config.yml"
    text = CONFIG.format(
        # A renewed certificate makes another text, and another text restarts the program.
        fingerprint=hashlib.sha256(leaf.cert_pem.encode()).hexdigest(),
        storage=json.dumps(str(folder / "storage")),
        address=rack.address,
        port=PORT,
        pair=json.dumps(str(folder / "tls" / f"{rack.address}.pem")),
    )
    background = _background(rack, program(rack.cache_dir, PACKAGE, PROGRAM))
    if not config.is_file() or config.read_text() != text:
        background.stop()
        config.write_text(text)
    background.start(lambda: answers(rack))
    return ca_file(rack)


def stop(rack: Rack) -> None:
    """End the registry; its storage stays."""
    for path in (PROGRAM, fetched(rack.cache_dir, PACKAGE, PROGRAM)):
        _background(rack, path).stop()


def answers(rack: Rack) -> bool:
    """Whether the registry answers /v2/ with a certificate of this lab's CA."""
    return status(rack, "/v2/") == 200


def status(rack: Rack, path: str, *accept: str) -> int | None:
    """HTTP status of a HEAD request, or None if there is no (trusted) answer in 5 s."""
    return request(rack, "HEAD", path, ", ".join(accept) or "*/*")[0]


def request(
    rack: Rack, method: str, path: str, media_type: str, content: bytes | None = None
) -> tuple[int | None, bytes]:
    """Status and body of a request about something of ``media_type``; (None, b"") for none."""
    header = "Accept" if content is None else "Content-Type"
    try:
        context = ssl.create_default_context(cafile=str(ca_folder(rack) / "ca.crt"))
        connection = http.client.HTTPSConnection(
            rack.address, PORT, timeout=TIMEOUT, context=context
        )
        try:
            connection.request(method, path, content, {header: media_type})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()
    except (OSError, http.client.HTTPException):
        return None, b""


def _folder(rack: Rack) -> Path:
    return rack.machine_dir / "services" / "registry"


def _background(rack: Rack, path: Path) -> Background:
    config = _folder(rack) / "config.yml"
    argv = (str(path), "serve", str(config))
    return Background("registry", argv, rack.machine_dir / "services")


def _publish(pem: str, target: Path, rack: Rack) -> None:
    in_checkout = target.is_relative_to(rack.state_dir)
    if in_checkout:
        rack.make_state_dir("services")
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
    if not target.is_file() or target.read_text() != pem:
        target.write_text(pem)
    if in_checkout:
        rack.give_to_owner(target)
