"""What a site keeps on the control machine: its CA, its API keys' digests, and the files to use them."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from cryptography.x509.oid import ExtendedKeyUsageOID

from firstlight import chain, keys, pki
from firstlight.engines import secret as engine_secret
from firstlight.host_ca import host_ca, self_signed_leaf
from firstlight.private_file import write_private
from firstlight.ready import Endpoint
from firstlight.secret import Secret
from firstlight.secrets.needed import PRIVATE_KEY
from firstlight.secrets.resolved import resolved
from firstlight.settings import HostSettings

GATE_NAME, VISITOR_NAME = "gate.firstlight.internal", "edge.firstlight.internal"
"""Names in the certificates with which gates and edges know each other, on all hosts alike."""
GATE_DAYS = 1825
"""Their life: no client sees them, and an edge must not lose its engines between two deploys."""


def authority(settings: HostSettings) -> pki.Authority:
    """Return the site's certificate authority, made the first time it is asked for."""
    return pki.Authority.load_or_create(settings.state_dir / "ca", settings.site)


def names(settings: HostSettings) -> list[str]:
    """Return the names in a certificate of our own: the address too, so that both verify."""
    own = [str(settings.domain)]
    return own + [each for each in (settings.address,) if each and each not in own]


def leaf(settings: HostSettings) -> pki.Leaf:
    """Return the host's certificate as the control machine makes it."""
    domain, *extra = names(settings)
    days = settings.edge.tls.leaf_days
    return pki.leaf(authority(settings), edge_folder(settings), domain, extra, days)


def edge_folder(settings: HostSettings) -> Path:
    """Return the folder with what belongs to the host's edge."""
    return settings.state_dir / "edges" / settings.name


def certificate(settings: HostSettings) -> pki.Leaf | None:
    """Return what the host's edge shows, or None where the host gets its own and renews it.

    Raises :class:`FirstlightError` for files that a client would refuse.
    """
    tls = settings.edge.tls
    if tls.mode == "files":
        assert tls.certificate and tls.key  # the settings were checked
        key = tls.key.file or resolved(tls.key, PRIVATE_KEY, "text")
        return chain.load(tls.certificate, key, tls.ca, [str(settings.domain)])
    if tls.mode == "self-signed":
        return self_signed_leaf(edge_folder(settings), names(settings), tls.leaf_days)[0]
    if tls.mode == "acme" or authority(settings).delegates:
        return None
    return leaf(settings)


def issuer(settings: HostSettings) -> pki.Leaf | None:
    """Return the authority with which the host renews its certificate itself, if it does."""
    held = authority(settings) if settings.edge.tls.mode == "internal-ca" else None
    if held is None or not held.delegates:
        return None
    return host_ca(held, edge_folder(settings), names(settings))


def trust(settings: HostSettings) -> Path | None:
    """Return the file with which clients check the edge's certificate; None: their system's."""
    tls = settings.edge.tls
    if tls.mode == "internal-ca":
        return settings.state_dir / "ca" / "ca.crt"
    if tls.mode == "self-signed":
        return self_signed_leaf(edge_folder(settings), names(settings), tls.leaf_days)[1]
    return tls.ca


def gate_leaf(settings: HostSettings) -> pki.Leaf:
    """Return the certificate that the host's gates show to the edges of other hosts."""
    folder = settings.state_dir / "gates" / settings.name
    return pki.leaf(authority(settings), folder, GATE_NAME, (), GATE_DAYS)


def visitor_leaf(settings: HostSettings) -> pki.Leaf:
    """Return the certificate that the host's edge shows to the gates of other hosts."""
    folder = settings.state_dir / "edges" / settings.name
    usage = ExtendedKeyUsageOID.CLIENT_AUTH
    return pki.leaf(authority(settings), folder, VISITOR_NAME, (), GATE_DAYS, usage=usage)


def probe_key(settings: HostSettings) -> Secret:
    """Return the key with which firstlight itself asks, made the first time it is asked for."""
    return keys.probe(settings.state_dir / "keys" / "probe.key")


def keyring(settings: HostSettings) -> keys.Keyring:
    """Return the API keys that the host's edge knows, firstlight's own among them.

    Raises :class:`FirstlightError` where the API key file or that of the own key cannot be used.
    """
    held = keys.load(settings.edge.api_keys)
    own = keys.KeySecret(held.digest(probe_key(settings)), issued=0)
    return held.having(keys.Key(keys.RESERVED, "gold", secrets=(own,)))


def backend_secrets(settings: HostSettings) -> tuple[Secret, ...]:
    """Return what the host's engines take, made the first time it is asked for.

    The first is what its edge shows them, further ones are on their way out. Raises
    :class:`FirstlightError` where their file cannot be used.
    """
    return engine_secret.load_or_create(settings.state_dir / "engines" / f"{settings.name}.key")


def backend_secret(settings: HostSettings) -> Secret:
    """Return what the host's edge shows to its engines."""
    return backend_secrets(settings)[0]


def endpoint(settings: HostSettings) -> Endpoint:
    """Return where the host's public URL is."""
    domain, port = str(settings.domain), settings.edge.port
    return Endpoint(domain, port, trust(settings), settings.address)


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
    words = ["curl", "-N", *(("--cacert", short(where.ca)) if where.ca else ())]
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
