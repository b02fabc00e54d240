"""Models: weights on the host, fetched by a step of its own with the network and the token.

Owns /srv/models, the fetch program, one job and one token file for each model, LoRA adapter and
draft model. Engines see the weights read-only, and only when the last file was checked.
"""

from __future__ import annotations

import json
from pathlib import Path

from pyinfra.api.deploy import deploy

from firstlight.adapter import in_order
from firstlight.catalogue import System
from firstlight.firewall.place import FENCE
from firstlight.operations import accounts, credentials, weights
from firstlight.operations.files import Directory, File, files
from firstlight.rendering import render
from firstlight.secret import Secret
from firstlight.secrets.needed import HUB_TOKEN
from firstlight.secrets.resolved import resolved
from firstlight.settings import HostSettings
from firstlight.weights import fence, store
from firstlight.weights.reach import reached
from firstlight.weights.wants import Want, every
from roles.owned import Owned

ACCOUNT = "firstlight-models"
PROGRAM = "/usr/local/lib/firstlight/fetch.pyz"

OWNS = Owned(
    files=(
        f"{store.STORE}/",
        PROGRAM,
        FENCE,
        "/etc/firstlight/weights/{model}.json",
        "/etc/firstlight/secrets/hub-token-{model}",
        "/etc/systemd/system/firstlight-weights@.service",
        "/etc/systemd/system/firstlight-weights@{model}.service.d/",
    ),
    units=("firstlight-weights@{model}.service",),
)


def job(want: Want) -> str:
    """Return the fetch job of ``want`` as JSON: what to fetch, from where, to where."""
    return json.dumps(
        {
            "name": want.name,
            "source": str(want.source),
            "hub": want.hub,
            "include": list(want.patterns),
            "file": want.file,
            "sha256": dict(want.sha256),
            "folder": want.folder,
            "incoming": store.INCOMING,
            "marker": store.MARKER,
            "reach": reached(want),
            **({"credential": credential(want)} if credential(want) else {}),
        },
        indent=1,
        sort_keys=True,
    )


def credential(want: Want) -> str | None:
    """Return the name of the host's own credential with the token of ``want``, if it is one."""
    return want.hub_token.credential if want.hub_token else None


def unit_of(want: Want) -> str:
    """Return the unit that fetches ``want``."""
    return f"firstlight-weights@{want.name}.service"


def token(want: Want) -> Secret:
    """Return the hub's token for ``want``; empty where it has none, or the host itself has it."""
    source = want.hub_token
    return resolved(source, HUB_TOKEN) if source and not source.on_host else Secret("")


@deploy("Models")
def models(settings: HostSettings, system: System, program: bytes) -> None:
    """Install the fetch ``program``, hand it its jobs, and see all weights complete."""
    # install
    accounts.system_account(name="Make the account that fetches weights", user=ACCOUNT)
    unit = render(
        "etc/systemd/system/firstlight-weights@.service",
        user=ACCOUNT,
        fence=f"{system.python} -I {FENCE}",
        hosts=f"{fence.FOLDER}/%i.hosts",
        store=store.STORE,
        python=system.python,
        certificates=system.certificates,
    )

    # configure
    wanted = every(settings.models)
    jobs = [
        item
        for want in wanted
        for item in (
            File(f"/etc/firstlight/weights/{want.name}.json", job(want)),
            File(f"/etc/firstlight/secrets/hub-token-{want.name}", token(want), "600"),
        )
    ]
    files(
        name="Install the fetch program and its jobs",
        items=(
            Directory(store.STORE, "755", ACCOUNT, ACCOUNT),
            File(PROGRAM, program),
            File(FENCE, Path(fence.__file__).read_text()),
            File("/etc/systemd/system/firstlight-weights@.service", unit),
            *jobs,
        ),
        absent=[
            str(Path(credentials.drop_in(unit_of(want))).parent)
            for want in wanted
            if not credential(want)
        ],
    )
    own = {unit_of(want): [name] for want in wanted if (name := credential(want))}
    if own:
        credentials.handed(name="Load tokens from the host's own credentials", units=own)

    # activate
    weights.forgotten(
        name="Forget the fetch jobs of models that are gone", wanted=[each.name for each in wanted]
    )
    for want in in_order(wanted):
        weights.fetched(name=f"Fetch the weights of {want.name}", want=want)
