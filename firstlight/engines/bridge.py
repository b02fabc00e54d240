"""Makes the network of one engine. Runs on the host, as one file, from the engine's unit.

``NAME SUBNET HOST-ADDRESS``: a Docker network that leads nowhere, on a bridge of the same name.
One that is as wanted is left alone; one that is not is replaced. Standard library only.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LABEL = "firstlight.network"  # as in network.py, which is not beside this one on a host
BRIDGE_NAME = "com.docker.network.bridge.name"
SECONDS = 60
"""How long Docker may take for each answer."""
KERNEL = Path("/proc/sys/net")
# The host says nothing there that was not asked of the address it has there: no address of its
# other networks, none of IPv6; and takes nothing for what came from elsewhere.
NARROW = {
    "ipv6/conf/{}/disable_ipv6": "1",
    "ipv4/conf/{}/arp_ignore": "1",
    "ipv4/conf/{}/rp_filter": "1",
    "ipv4/conf/{}/route_localnet": "0",
    "ipv4/conf/{}/accept_redirects": "0",
    "ipv4/conf/{}/send_redirects": "0",
}


class BridgeError(Exception):
    """The network is not as it has to be; the message says why."""


def docker(*words: str) -> str:
    """Return what Docker says. Raises :class:`BridgeError`."""
    command = ["docker", "network", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise BridgeError(f"{' '.join(command)} takes longer than {SECONDS} s") from None
    if done.returncode != 0:
        raise BridgeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def inspected(*names: str) -> list[dict[str, Any]]:
    """Return what Docker knows of those of ``names`` that there are."""
    try:
        return list(json.loads(docker("inspect", *names)))
    except BridgeError as error:
        # Docker's words since its first networks, in each of its versions.
        if len(names) == 1 and ("not found" in str(error) or "No such network" in str(error)):
            return []
        raise


def fits(found: dict[str, Any], name: str, subnet: str, gateway: str) -> bool:
    """Tell whether ``found`` is the network that is wanted."""
    pools = [(pool.get("Subnet"), pool.get("Gateway")) for pool in found["IPAM"]["Config"]]
    return (
        found["Driver"] == "bridge"
        and found["Internal"] is True
        and not found["EnableIPv6"]
        and pools == [(subnet, gateway)]
        and found["Options"] == {BRIDGE_NAME: name}
        and LABEL in found["Labels"]
    )


def removed(found: dict[str, Any]) -> None:
    """Remove a network, and put out whoever is in it."""
    for container in found["Containers"]:
        docker("disconnect", "--force", found["Id"], container)
    docker("rm", found["Id"])


def cleared(name: str, subnet: str) -> None:
    """Remove a network of ours that has this ``subnet`` from an engine that had another port."""
    ours = docker("ls", "--quiet", "--no-trunc", "--filter", f"label={LABEL}").split()
    for found in inspected(*ours) if ours else []:
        taken = any(pool.get("Subnet") == subnet for pool in found["IPAM"]["Config"])
        if found["Name"] != name and taken and not found["Containers"]:
            docker("rm", found["Id"])


def made(name: str, subnet: str, gateway: str) -> None:
    """Have the network as it is wanted. Raises :class:`BridgeError`."""
    for found in inspected(name):
        if fits(found, name, subnet, gateway):
            return
        removed(found)
    cleared(name, subnet)
    docker(
        "create", "--internal", "--driver", "bridge", "--ipv6=false",
        "--subnet", subnet, "--gateway", gateway,
        "--opt", f"{BRIDGE_NAME}={name}", "--label", LABEL, name,
    )  # fmt: skip


def narrowed(name: str, kernel: Path = KERNEL) -> None:
    """Have the host's end of the bridge answer for itself alone."""
    for place, value in NARROW.items():
        path = kernel / place.format(name)
        try:
            if path.read_text().strip() != value:
                path.write_text(value)
        except FileNotFoundError:
            continue  # a kernel without IPv6 has nothing to switch off
        except OSError as error:
            raise BridgeError(f"{path} cannot be set to {value}: {error.strerror}") from None


def main(arguments: list[str]) -> int:
    """Return 0 when the network is there, else 1 with the reason on stderr."""
    name, subnet, gateway = arguments
    try:
        made(name, subnet, gateway)
        narrowed(name)
    except BridgeError as error:
        print(f"the engine's network is not there: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
