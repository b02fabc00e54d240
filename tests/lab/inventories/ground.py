"""Hosts of a lab as they are: reached by SSH, and nothing is to be served there."""

import os

from firstlight.lab.state import checkout_here, read_json
from firstlight.transport import fast_transport

root = checkout_here()
lab = read_json(root / ".firstlight" / os.environ["FIRSTLIGHT_LAB"] / "lab.json")
reached = {
    "ssh_user": lab["ssh"]["user"],
    "ssh_key": str(root / lab["ssh"]["key"]),
    "ssh_known_hosts_file": str(root / lab["ssh"]["known_hosts"]),
    "ssh_strict_host_key_checking": "yes",
    "ssh_paramiko_connect_kwargs": {"transport_factory": fast_transport},
    "_sudo": True,
    "site": lab["name"],
}
hosts = (
    [(name, {"ssh_hostname": each["address"], "address": each["address"]}) for name, each in lab["hosts"].items()],
    reached,
)
