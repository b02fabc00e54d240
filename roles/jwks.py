"""Keys of the tokens' issuer: fetched by the edge's host itself, again and again.

Owns the timer and the service firstlight-jwks, what they go by in /etc/firstlight/edge, and what
they fetch in /var/lib/firstlight/edge. Keys that come from a file are in the edge's release.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pyinfra.api.deploy import deploy

from firstlight.catalogue import System
from firstlight.edge import jwks as program
from firstlight.edge.jwt import CA_FILE, STATE, fetch_spec
from firstlight.operations import jwks as operations
from firstlight.operations.files import Directory, File, files
from firstlight.rendering import render
from firstlight.settings import HostSettings
from firstlight.settings.jwt import Jwt
from roles.owned import Owned

PROGRAM = "/usr/local/lib/firstlight/jwks"
SPEC = "/etc/firstlight/edge/jwks.json"
UNITS = "etc/systemd/system"
KEYS = f"{STATE}/{program.KEYS_FILE}"

OWNS = Owned(
    files=(
        PROGRAM,
        SPEC,
        CA_FILE,
        KEYS,
        f"{STATE}/{program.METRICS_FILE}",
        f"{STATE}/{program.PROBLEM_FILE}",
        f"/{UNITS}/{operations.SERVICE}",
        f"/{UNITS}/{operations.TIMER}",
    ),
    units=(operations.SERVICE, operations.TIMER),
)


def texts(jwt: Jwt, python: str) -> tuple[dict[str, str], str]:
    """Return by path what fetching goes by, and the mark of all of it."""
    service = render(
        f"{UNITS}/{operations.SERVICE}", python=python, program=PROGRAM, spec=SPEC, state=STATE
    )
    spread = min(30, jwt.jwks_refresh // 10)
    timer = render(f"{UNITS}/{operations.TIMER}", refresh=jwt.jwks_refresh, spread=spread)
    found = {
        PROGRAM: Path(program.__file__).read_text(),
        f"/{UNITS}/{operations.SERVICE}": service,
        f"/{UNITS}/{operations.TIMER}": timer,
    }
    if jwt.jwks_ca is not None:
        found[CA_FILE] = jwt.jwks_ca.read_text()
    # What the keys were fetched with is written beside them: a change of any of it fetches anew.
    mark = hashlib.sha256(json.dumps([fetch_spec(jwt, ""), found]).encode()).hexdigest()[:16]
    return {**found, SPEC: fetch_spec(jwt, mark)}, mark


@deploy("Jwks")
def jwks(settings: HostSettings, system: System) -> None:
    """Have the issuer's keys on the host where its URL is known; else fetch none."""
    jwt = settings.edge.jwt
    if jwt is None or jwt.jwks_url is None or not settings.edge.enabled:
        operations.retired(name="Fetch no keys", file=KEYS)
        return

    # configure
    found, mark = texts(jwt, system.python)
    files(
        name="Install what fetches the issuer's keys",
        items=(Directory(STATE), *[File(path, text) for path, text in found.items()]),
    )

    # activate
    operations.fetched(
        name="Have the issuer's keys",
        url=jwt.jwks_url,
        file=KEYS,
        problem=f"{STATE}/{program.PROBLEM_FILE}",
        mark=mark,
    )
