"""sshd of a host as the fact reads it: Debian's own configuration, and ops came in with a key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from firstlight.facts.ssh import Key, Line, SshState

MAIN = "/etc/ssh/sshd_config"
FOLDER = "/etc/ssh/sshd_config.d"
OWN = Key(256, "SHA256:own", "ED25519")
INCLUDE = Line(MAIN, "Include", f"{FOLDER}/*.conf")
DEBIAN = (INCLUDE, Line(MAIN, "KbdInteractiveAuthentication", "no"), Line(MAIN, "UsePAM", "yes"))
NOBODY = {"permitrootlogin": "no", "authorizedkeyscommand": "none", "trustedusercakeys": "none"}
STATE = SshState(
    version="OpenSSH_10.0p2",
    login="ops",
    source="10.0.0.7",
    accepted=("publickey", "SHA256:own"),
    lines=DEBIAN,
    effective={"root": dict(NOBODY), "ops": dict(NOBODY)},
    keys={"ops": (OWN,)},
    host_keys=(Key(256, "SHA256:host", "ED25519"), Key(3072, "SHA256:rsa", "RSA")),
)


def state(**changes: Any) -> SshState:
    """A right host, with ``changes``."""
    return replace(STATE, **changes)


def read(*lines: tuple[str, str, str]) -> tuple[Line, ...]:
    """Debian's configuration with further lines of drop-ins: path below the folder, keyword, value."""
    found = tuple(Line(f"{FOLDER}/{path}", keyword, value) for path, keyword, value in lines)
    return (INCLUDE, *found, *DEBIAN[1:])
