"""People: sign-in by OpenID Connect before web pages, through oauth2-proxy.

Owns firstlight-oauth2-proxy.service with its container, its account, and its configuration in
/etc/firstlight/people. It listens on a socket that only nginx reaches, on no port, and reaches the
hosts of its provider, which fetch-fence lets its account to: nothing else, no name server either.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pyinfra.api.deploy import deploy

from firstlight.edge import people as identity
from firstlight.edge.release import authority
from firstlight.firewall.place import FENCE
from firstlight.operations import accounts, docker
from firstlight.operations import people as operations
from firstlight.operations.files import Directory, File, files
from firstlight.rendering import render
from firstlight.secret import Secret
from firstlight.secrets.needed import CLIENT_SECRET
from firstlight.secrets.resolved import resolved
from firstlight.settings import HostSettings
from firstlight.settings.people import People
from firstlight.weights import fence
from firstlight.weights.reach import endpoint
from roles.owned import Owned

ACCOUNT = "firstlight-people"
CONTAINER = "firstlight-oauth2-proxy"
FOLDER = "/etc/firstlight/people"
REACH = f"{FOLDER}/reach.json"
FENCED = "oauth2-proxy"
UNIT_FILE = f"/etc/systemd/system/{operations.UNIT}"

OWNS = Owned(files=(f"{FOLDER}/", UNIT_FILE), units=(operations.UNIT,))


def unit(image: str, spec: str, python: str = "/usr/bin/python3") -> str:
    """Return the unit's text; ``spec`` is the hash of what the container reads."""
    words = [
        "/usr/bin/docker run --rm --pull never --init", f"--name {CONTAINER}",
        f"--label {operations.LABEL}={spec}",
        # The account's number is the host's own: the shell asks for it.
        f'--user "$$(id -u {ACCOUNT}):$$(id -g {ACCOUNT})"',
        "--cap-drop ALL --security-opt no-new-privileges --read-only",
        # The fence tells packets by their user, which an own network of Docker's would hide.
        f"--network host --volume {fence.FOLDER}/{FENCED}.hosts:/etc/hosts:ro",
        "--pids-limit 256 --memory 256m --memory-swap 256m --stop-timeout 10",
        f"--volume {FOLDER}:{identity.INSIDE}:ro --volume {identity.RUN}:{identity.RUN}",
        f"{image} --config {identity.INSIDE}/oauth2-proxy.cfg",
    ]  # fmt: skip
    return render(
        f"etc/systemd/system/{operations.UNIT}",
        account=ACCOUNT,
        container=CONTAINER,
        run=identity.RUN,
        socket=identity.SOCKET,
        words=" ".join(words),
        fence=f"{python} -I {FENCE}",
        fenced=FENCED,
        reach=REACH,
    )


def items(settings: HostSettings, people: People) -> tuple[list[File | Directory], str]:
    """Return what oauth2-proxy goes by, and the hash of it."""
    config = identity.config(
        people,
        f"https://{authority(settings)}",
        resolved(people.client_secret, CLIENT_SECRET),
        identity.cookie_secret(settings.state_dir),
    )
    owned = {"user": ACCOUNT, "group": ACCOUNT}
    hosts = [endpoint(people.issuer), *((host, 443) for host in people.issuer_hosts)]
    found = {
        f"{FOLDER}/oauth2-proxy.cfg": config.reveal(),
        REACH: json.dumps({"reach": hosts}),
    }
    if people.provider_ca is not None:
        found[f"{FOLDER}/provider-ca.crt"] = people.provider_ca.read_text()
    # With a random secret of 256 bits in it, the hash says nothing of what it is made of.
    spec = hashlib.sha256("".join([*found.values(), unit(people.image, "")]).encode()).hexdigest()[
        :32
    ]
    texts = [File(path, Secret(text), "600", **owned) for path, text in found.items()]
    return [Directory(FOLDER, "700", **owned), *texts], spec


@deploy("People")
def people(settings: HostSettings) -> None:
    """Have people sign in before the pages of ``edge.people``, where there are any."""
    wanted = settings.edge.people
    if wanted is None or not settings.edge.enabled:
        operations.retired(name="Ask no people to sign in", container=CONTAINER)
        return

    # install
    accounts.system_account(name="Make the account that oauth2-proxy runs as", user=ACCOUNT)
    docker.images(name="Pull oauth2-proxy by digest", references=(wanted.image,))

    # configure
    found, spec = items(settings, wanted)
    files(
        name="Configure oauth2-proxy",
        items=(
            *found,
            File(FENCE, Path(fence.__file__).read_text()),
            File(UNIT_FILE, unit(wanted.image, spec)),
        ),
    )

    # activate
    operations.serving(name="Have oauth2-proxy answer", container=CONTAINER, spec=spec)
