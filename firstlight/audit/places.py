"""Where secrets lie on a host, for the look at who can read them. docs/secrets.md names the same."""

from __future__ import annotations

SECRETS = (
    # Whole folders: nothing in them is anybody else's.
    "/etc/firstlight/secrets",
    "/etc/firstlight/tls",
    "/etc/firstlight/people",
    # A folder that is shut, whatever modes stand below: copies keep those of their originals.
    "/etc/firstlight/engines/",
    "/var/lib/firstlight/acme/",
    "/var/lib/firstlight/manifest/",
    "/var/lib/firstlight/tls/",
    "/var/lib/firstlight/trials/",
    # Single files: those beside them are for others too.
    "/etc/credstore/*",
    "/run/credstore/*",
    "/var/lib/systemd/credential.secret",
    "/var/lib/firstlight/tls/*/*/*.key",
    "/etc/nginx/firstlight/releases/*/backend.conf",
    "/etc/nginx/firstlight/releases/*/keys.map",
    "/etc/nginx/firstlight/releases/*/salt.js",
)
"""What only its owner may reach: folders with all that is in them, single files by pattern, and
with a slash at the end folders alone. What is sealed (credstore.encrypted) needs no mode."""
