"""People's sign-in at the edge: nginx's side, and what oauth2-proxy goes by."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path

from firstlight.private_file import locked, read_private, write_private
from firstlight.rendering import render
from firstlight.secret import Secret
from firstlight.settings import HostSettings
from firstlight.settings.people import People

RUN = "/run/firstlight-people"
"""Folder of the socket: its only way in, for nginx alone."""

SOCKET = f"{RUN}/oauth2-proxy.sock"
INSIDE = "/etc/oauth2-proxy"
"""Where the container sees the folder with its configuration."""

COOKIE = "__Host-firstlight"


def files(settings: HostSettings, folder: str) -> dict[str, str]:
    """Return the release's files by name, none where no people sign in."""
    people = settings.edge.people
    if people is None:
        return {}
    values = {"sites": people.sites, "socket": SOCKET, "folder": folder}
    return {"people.conf": render("etc/nginx/firstlight/people.conf", **values)}


def cookie_secret(state: Path) -> Secret:
    """Return what sessions are sealed with, made the first time it is asked for.

    ``state`` is the site's folder on the control machine. Without the file everybody signs in anew.
    Raises :class:`FirstlightError` where the file is readable by others.
    """
    path = state / "keys" / "people-cookie.secret"
    if not path.exists():
        with locked(path.parent):
            if not path.exists():  # another run may have been first
                write_private(path, base64.urlsafe_b64encode(secrets.token_bytes(32)))
    fix = f"take it away; the next run makes a new one: rm '{path}'"
    return Secret(read_private(path, "the secret of people's sessions", fix).decode().strip())


def config(people: People, url: str, client_secret: Secret, cookie_secret: Secret) -> Secret:
    """Return oauth2-proxy's configuration file. ``url`` is the edge's own.

    A JSON text is a TOML text, and so is a list of them; an unknown option is an error there.
    """
    options: dict[str, object] = {
        "http_address": f"unix://{SOCKET},mode=0666",
        "reverse_proxy": True,
        "provider": "oidc",
        "oidc_issuer_url": people.issuer,
        "client_id": people.client_id,
        "client_secret": client_secret.reveal(),
        "redirect_url": f"{url}/oauth2/callback",
        "code_challenge_method": "S256",
        "insecure_oidc_skip_nonce": False,
        "skip_provider_button": True,
        "email_domains": list(people.email_domains),
        "upstreams": ["static://202"],
        "set_xauthrequest": True,
        "cookie_name": COOKIE,
        "cookie_secret": cookie_secret.reveal(),
        "cookie_secure": True,
        "cookie_httponly": True,
        "cookie_samesite": "lax",
        "cookie_expire": f"{people.session_hours}h",
        # The provider's tokens are not needed once somebody is in: the cookie stays small.
        "session_cookie_minimal": True,
        # The code of a sign-in stands in its URL.
        "request_logging": False,
    }
    if people.groups:
        options["allowed_groups"] = list(people.groups)
    if people.provider_ca is not None:
        options["provider_ca_files"] = [f"{INSIDE}/provider-ca.crt"]
    return Secret("".join(f"{key} = {json.dumps(value)}\n" for key, value in options.items()))
