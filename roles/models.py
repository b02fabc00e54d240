"""Models: weights on the host, fetched by a step of its own with the network and the token.

Owns /srv/models, the fetch program, one job and one token file per model. Engines see the
weights read-only, and only when the last file was checked.
"""

from __future__ import annotations

import json

from pyinfra.api.deploy import deploy

from firstlight.adapter import in_order
from firstlight.catalogue import System
from firstlight.operations import accounts, weights
from firstlight.operations.files import Directory, File, files
from firstlight.rendering import render
from firstlight.secret import Secret
from firstlight.settings import HostSettings, Model
from firstlight.weights import store
from roles.owned import Owned

ACCOUNT = "firstlight-models"
PROGRAM = "/usr/local/lib/firstlight/fetch.pyz"

OWNS = Owned(
    files=(
        f"{store.STORE}/",
        PROGRAM,
        "/etc/firstlight/weights/{model}.json",
        "/etc/firstlight/secrets/hub-token-{model}",
        "/etc/systemd/system/firstlight-weights@.service",
    ),
    units=("firstlight-weights@{model}.service",),
)


def job(model: Model) -> str:
    """Return the fetch job of ``model`` as JSON: what to fetch, from where, to where."""
    return json.dumps(
        {
            "repo": model.repo,
            "revision": model.revision,
            "hub": model.hub,
            "include": list(dict.fromkeys([*model.include, *([model.file] if model.file else [])])),
            "sha256": dict(model.sha256),
            "folder": store.folder(model),
            "incoming": store.INCOMING,
            "marker": store.MARKER,
        },
        indent=1,
        sort_keys=True,
    )


def token(model: Model) -> Secret:
    """Return the hub's token for ``model``; empty where it has none."""
    return Secret(model.hub_token.read_text().strip() if model.hub_token else "")


@deploy("Models")
def models(settings: HostSettings, system: System, program: bytes) -> None:
    """Install the fetch ``program``, hand it its jobs, and see all weights complete."""
    # install
    accounts.system_account(name="Make the account that fetches weights", user=ACCOUNT)
    unit = render(
        "etc/systemd/system/firstlight-weights@.service",
        user=ACCOUNT,
        store=store.STORE,
        python=system.python,
        certificates=system.certificates,
    )

    # configure
    jobs = [
        item
        for model in settings.models
        for item in (
            File(f"/etc/firstlight/weights/{model.name}.json", job(model)),
            File(f"/etc/firstlight/secrets/hub-token-{model.name}", token(model), "600"),
        )
    ]
    files(
        name="Install the fetch program and its jobs",
        items=(
            Directory(store.STORE, "755", ACCOUNT, ACCOUNT),
            File(PROGRAM, program),
            File("/etc/systemd/system/firstlight-weights@.service", unit),
            *jobs,
        ),
    )

    # activate
    for model in in_order(settings.models):
        weights.fetched(name=f"Fetch the weights of {model.name}", model=model)
