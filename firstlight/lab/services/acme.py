"""The lab's ACME server: Debian's pebble, and the name server that it validates with.

Nothing is simulated: pebble is Let's Encrypt's own server for tests, and asks the hosts on ports
80 and 443. Its root is another one at every start, as its makers want it: nobody shall trust it.
Names of hosts are known to its name server only, which also holds the records of dns-01.
"""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from typing import Any

from firstlight import pki
from firstlight.errors import FirstlightError
from firstlight.lab.services.background import Background
from firstlight.lab.services.unpacked import program
from firstlight.lab.state import Rack

PORT, MANAGEMENT_PORT = 14000, 15000
DNS_PORT, DNS_MANAGEMENT_PORT = 8053, 8055
PACKAGE = "pebble"
PEBBLE = Path("/usr/bin/pebble")
NAME_SERVER = Path("/usr/bin/pebble-challtestsrv")
DOMAIN = "firstlight.internal"
TIMEOUT = 5.0
DAYS = 89


def start(rack: Rack) -> dict[str, Any]:
    """Start both unless they run; for lab.json: directory, files to trust, the name server."""
    folder = rack.machine_dir / "services" / "acme"
    authority = pki.Authority.load_or_create(folder / "tls", f"firstlight lab {rack.id} ACME")
    pki.leaf(authority, folder / "tls", rack.address, (), DAYS)
    _publish(rack, "acme-server.crt", authority.pem)
    config = folder / "pebble.json"
    config.write_text(json.dumps(_config(rack, folder / "tls" / f"{rack.address}.pem")))
    _names(rack).start(lambda: _told(rack, "/clear-a", {"host": f"nobody.{DOMAIN}."}))
    for host, entry in rack.hosts.items():
        record = {"host": f"{host}.{DOMAIN}.", "addresses": [entry.address]}
        if not _told(rack, "/add-a", record):
            raise FirstlightError("the lab's name server does not answer", where=rack.address)
    _pebble(rack, config).start(lambda: _root(rack) is not None)
    root = _root(rack)
    assert root is not None
    return {
        "directory": f"https://{rack.address}:{PORT}/dir",
        "server_ca": _publish(rack, "acme-server.crt", authority.pem),
        "root": _publish(rack, "acme-root.crt", root),
        "dns": f"{rack.address}:{DNS_PORT}",
        "dns_management": f"http://{rack.address}:{DNS_MANAGEMENT_PORT}",
    }


def stop(rack: Rack) -> None:
    """End both; nothing happens if they do not run."""
    for each in (_pebble, _names):
        background = each(rack, None)
        if background.pid_file.exists():
            background.stop()


def _config(rack: Rack, pair: Path) -> dict[str, Any]:
    return {
        "pebble": {
            "listenAddress": f"{rack.address}:{PORT}",
            "managementListenAddress": f"{rack.address}:{MANAGEMENT_PORT}",
            "certificate": str(pair),
            "privateKey": str(pair),
            "httpPort": 80,
            "tlsPort": 443,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
        }
    }


def _pebble(rack: Rack, config: Path | None) -> Background:
    # Not idle for seconds before each validation, and none is taken from an order before.
    settings = ("env", "PEBBLE_VA_NOSLEEP=1", "PEBBLE_AUTHZREUSE=0")
    path = program(rack.cache_dir, PACKAGE, PEBBLE) if config else PEBBLE
    words = ("-config", str(config), "-dnsserver", f"{rack.address}:{DNS_PORT}")
    return Background("pebble", (*settings, str(path), *words), rack.machine_dir / "services")


def _names(rack: Rack, fetch: object = True) -> Background:
    path = program(rack.cache_dir, PACKAGE, NAME_SERVER) if fetch else NAME_SERVER
    argv = (
        str(path),
        "-dns01", f"{rack.address}:{DNS_PORT}",
        "-management", f"{rack.address}:{DNS_MANAGEMENT_PORT}",
        "-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv4", "", "-defaultIPv6", "",
    )  # fmt: skip
    return Background("acme-names", argv, rack.machine_dir / "services")


def _told(rack: Rack, path: str, body: dict[str, Any]) -> bool:
    """Tell the name server something; whether it took it."""
    connection = http.client.HTTPConnection(rack.address, DNS_MANAGEMENT_PORT, timeout=TIMEOUT)
    try:
        connection.request("POST", path, json.dumps(body))
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _root(rack: Rack) -> str | None:
    """The root of pebble's certificates, or None if it does not answer yet."""
    context = ssl.create_default_context(cafile=str(rack.state_dir / "services/acme-server.crt"))
    connection = http.client.HTTPSConnection(
        rack.address, MANAGEMENT_PORT, timeout=TIMEOUT, context=context
    )
    try:
        connection.request("GET", "/roots/0")
        answer = connection.getresponse()
        return answer.read().decode() if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _publish(rack: Rack, name: str, pem: str) -> str:
    """Write a certificate where the checkout's user finds it; its path from the checkout."""
    path = rack.make_state_dir("services") / name
    path.write_text(pem)
    rack.give_to_owner(path)
    return str(path.relative_to(rack.checkout))
