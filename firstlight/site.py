"""What a site keeps on the control machine: its CA, its API keys, and the files to use them."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from firstlight import keys, pki
from firstlight.private_file import write_private
from firstlight.ready import Endpoint
from firstlight.secret import Secret
from firstlight.settings import HostSettings


def authority(settings: HostSettings) -> pki.Authority:
    """Return the site's certificate authority, made the first time it is asked for."""
    return pki.Authority.load_or_create(settings.state_dir / "ca", settings.site)


def leaf(settings: HostSettings) -> pki.Leaf:
    """Return the host's certificate; its address is in it too, so that both names verify."""
    extra = [settings.address] if settings.address else []
    return pki.leaf(
        authority(settings),
        settings.state_dir / "edges" / settings.name,
        str(settings.domain),
        extra,
        settings.edge.leaf_days,
    )


def api_keys(settings: HostSettings) -> dict[str, Secret]:
    """Return the API keys that the host's edge knows, by name."""
    return keys.load(settings.edge.api_keys)


def endpoint(settings: HostSettings) -> Endpoint:
    """Return where the host's public URL is."""
    ca = settings.state_dir / "ca" / "ca.crt"
    return Endpoint(str(settings.domain), settings.edge.port, ca, settings.address)


def header_file(settings: HostSettings, key: Secret) -> Path:
    """Write the header that carries ``key`` into a private file, for ``curl -H @FILE``.

    A key on a command line would be in the process list and in the shell's history.
    """
    path = settings.state_dir / "keys" / "authorization.header"
    text = f"Authorization: Bearer {key.reveal()}\n".encode()
    if not path.exists() or path.read_bytes() != text:
        write_private(path, text)
    return path


def curl_line(settings: HostSettings, key: Secret, model: str) -> str:
    """Return a curl command that works when pasted on the control machine."""
    where = endpoint(settings)
    words = ["curl", "-N", "--cacert", short(where.ca)]
    if settings.address and settings.address != settings.domain:
        address = f"[{settings.address}]" if ":" in settings.address else settings.address
        words += ["--resolve", f"{settings.domain}:{settings.edge.port}:{address}"]
    words += ["-H", f"@{short(header_file(settings, key))}", "-H", "Content-Type: application/json"]
    body = (
        f'{{"model":"{model}","stream":true,"max_tokens":32,'
        '"messages":[{"role":"user","content":"Hello"}]}'
    )
    words += ["-d", body, f"{where.url}/v1/chat/completions"]
    return shlex.join(words)


def short(path: Path) -> str:
    """Return ``path`` relative to the working directory where that is shorter."""
    relative = os.path.relpath(path)
    return relative if len(relative) < len(str(path)) else str(path)
