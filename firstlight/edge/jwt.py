"""JSON Web Tokens at the edge: what nginx reads to check them, and where their keys come from."""

from __future__ import annotations

import json
from typing import Any

from firstlight.edge.jwks import KEYS_FILE, UnusableError, usable_keys
from firstlight.errors import FirstlightError
from firstlight.rendering import render
from firstlight.settings import HostSettings
from firstlight.settings.jwt import Jwt

STATE = "/var/lib/firstlight/edge"
"""Folder on the host with what it fetches itself: public keys, readable by nginx's workers."""

CA_FILE = "/etc/firstlight/edge/jwks-ca.crt"


def files(settings: HostSettings, folder: str) -> dict[str, str]:
    """Return the release's files by name, none where no tokens are accepted.

    ``folder`` is the release's own. Raises :class:`FirstlightError` where the file with the
    issuer's keys cannot be used any more.
    """
    jwt = settings.edge.jwt
    if jwt is None:
        return {}
    return {
        "jwt.conf": render("etc/nginx/firstlight/jwt.conf", folder=folder),
        # ASCII only: a line separator of Unicode would end a line of JavaScript.
        "jwt.js": render("etc/nginx/firstlight/jwt.js", settings=json.dumps(script_settings(jwt))),
    }


def script_settings(jwt: Jwt) -> dict[str, Any]:
    """Return what jwt.js goes by: keys of a file stand in it, those of a URL are in a file."""
    return {
        "issuer": jwt.issuer,
        "audience": jwt.audience,
        "algorithms": list(jwt.algorithms),
        "leeway": jwt.leeway,
        "name": jwt.name,
        "models": jwt.models,
        "keys": given_keys(jwt),
        "file": f"{STATE}/{KEYS_FILE}" if jwt.jwks_url else None,
    }


def given_keys(jwt: Jwt) -> list[dict[str, str]] | None:
    """Return the keys of ``jwks_file``, None where they are fetched."""
    if jwt.jwks_file is None:
        return None
    try:
        return usable_keys(jwt.jwks_file.read_bytes(), list(jwt.algorithms))
    except (OSError, UnusableError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise FirstlightError(
            "the keys of the tokens' issuer cannot be used",
            where=str(jwt.jwks_file),
            why=why or "it cannot be read",
            fix="put the issuer's JWKS there: public keys of RSA (2048 bits or more) or P-256",
        ) from None


def fetch_spec(jwt: Jwt, mark: str) -> str:
    """Return the JSON that the host's fetch program goes by; it writes ``mark`` beside the keys."""
    spec = {
        "url": jwt.jwks_url,
        "ca": CA_FILE if jwt.jwks_ca else "",
        "algorithms": list(jwt.algorithms),
        "folder": STATE,
        "mark": mark,
    }
    return json.dumps(spec, indent=1, sort_keys=True) + "\n"
