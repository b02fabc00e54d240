"""Grafana: dashboards of a monitor, in a container behind nginx, fenced in to Prometheus.

Owns firstlight-grafana.service with its container and its account, what it goes by in
/etc/firstlight/grafana, and its data in /var/lib/firstlight/grafana. It listens on loopback, and
reaches this host's Prometheus and nothing else: no name server, no updates, no plugins.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pyinfra.api.deploy import deploy

from firstlight.firewall.place import FENCE
from firstlight.monitor import grafana as monitor
from firstlight.monitor import grafana_proof
from firstlight.monitor.targets import GpuClass
from firstlight.operations import accounts, docker
from firstlight.operations import grafana as operations
from firstlight.operations.files import Directory, File, files
from firstlight.rendering import render
from firstlight.settings import HostSettings
from firstlight.settings.fronts import Site
from firstlight.settings.watched import has_dashboards
from firstlight.weights import fence
from roles.owned import Owned

ACCOUNT = "firstlight-grafana"
FENCED = "grafana"
UNIT_FILE = f"/etc/systemd/system/{operations.UNIT}"

OWNS = Owned(
    files=(f"{monitor.FOLDER}/", f"{monitor.DATA}/", operations.MARK, operations.PROOF, UNIT_FILE),
    units=(operations.UNIT,),
)


def unit(image: str, spec: str, python: str = "/usr/bin/python3") -> str:
    """Return the unit's text; ``spec`` is the hash of what the container reads."""
    words = [
        "/usr/bin/docker run --rm --pull never --init", f"--name {operations.CONTAINER}",
        f"--label {operations.LABEL}={spec}",
        # The account's number is the host's own: the shell asks for it.
        f'--user "$$(id -u {ACCOUNT}):$$(id -g {ACCOUNT})"',
        "--cap-drop ALL --security-opt no-new-privileges --read-only",
        "--tmpfs /tmp:rw,noexec,nosuid,nodev,size=64m,mode=1777",
        # The fence tells packets by their user, which an own network of Docker's would hide.
        f"--network host --volume {fence.FOLDER}/{FENCED}.hosts:/etc/hosts:ro",
        "--pids-limit 512 --memory 1g --memory-swap 1g --stop-timeout 20",
        f"--volume {monitor.FOLDER}:{monitor.INSIDE}:ro",
        f"--volume {monitor.DATA}:{monitor.DATA_INSIDE}",
        image,
    ]  # fmt: skip
    return render(
        f"etc/systemd/system/{operations.UNIT}",
        account=ACCOUNT,
        container=operations.CONTAINER,
        words=" ".join(words),
        fence=f"{python} -I {FENCE}",
        fenced=FENCED,
        reach=f"{monitor.FOLDER}/{monitor.REACH}",
        health=f"{monitor.URL}/api/health",
    )


def items(configured: monitor.Configuration) -> list[File | Directory]:
    """Return what Grafana goes by, for its account alone."""
    group = {"user": "root", "group": ACCOUNT}
    below = {Path(name).parent for name in configured.files} | set(map(Path, configured.folders))
    needed = {each for path in below for each in (path, *path.parents)}
    folders = [str(Path(monitor.FOLDER, each)) for each in sorted(needed)]
    return [
        *[Directory(path, "750", **group) for path in folders],
        Directory(monitor.DATA, "750", ACCOUNT, ACCOUNT),
        *[
            File(f"{monitor.FOLDER}/{name}", text, "640", **group)
            for name, text in configured.files.items()
        ],
    ]


@deploy("Grafana")
def grafana(
    settings: HostSettings, site: Site, classes: Mapping[str, GpuClass] | None = None
) -> None:
    """Have Grafana serve the dashboards of a monitor; elsewhere none.

    ``classes`` are GPU classes that are known better than from the settings, by host.
    """
    image = settings.monitor.grafana.image
    if image is None or not has_dashboards(settings, site):
        operations.retired(name="Have no Grafana", folder=monitor.FOLDER)
        return

    # install
    accounts.system_account(name="Make the account that Grafana runs as", user=ACCOUNT)
    docker.images(name="Pull Grafana by digest", references=(image,))

    # configure
    configured = monitor.configuration(settings, site, classes)
    spec = configured.spec(unit(image, ""), restart=True)
    files(
        name="Configure Grafana",
        items=(
            *items(configured),
            File(FENCE, Path(fence.__file__).read_text()),
            File(operations.PROOF, Path(grafana_proof.__file__).read_text()),
            File(UNIT_FILE, unit(image, spec)),
        ),
    )

    # activate
    names = [each.rpartition("/")[2] for each in configured.files if each.startswith("dashboards/")]
    operations.dashboards_served(
        name="Have Grafana serve the dashboards",
        spec=spec,
        proven=configured.spec(spec),
        folder=monitor.FOLDER,
        url=monitor.URL,
        names=names,
    )
