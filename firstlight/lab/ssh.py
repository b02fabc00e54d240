"""SSH to the lab's hosts: keys made before the first boot, so that no key is ever trusted blindly."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

from firstlight.lab.command import run
from firstlight.lab.state import USER, Rack

# An emulated machine computes seconds for what others answer at once; whoever gives up early and
# tries again only gives it more to do.
PATIENCE = {"vm": 40}
"""Seconds for an answer of its SSH server, by the kind of a host."""


def ensure_key(rack: Rack) -> str:
    """Make the lab's key pair if it is not there; the public key's line."""
    rack.make_state_dir("ssh")
    public = rack.ssh_key.with_suffix(".pub")
    if not (rack.ssh_key.exists() and public.exists()):
        _generate(rack.ssh_key, f"firstlight-lab-{rack.name}")
        rack.give_to_owner(rack.ssh_key)
        rack.give_to_owner(public)
    return public.read_text(encoding="utf-8").strip()


def ensure_host_key(folder: Path, host: str) -> Path:
    """Make a host's own key if it is not there; it outlives every reset of the host."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = folder / "ssh_host_ed25519_key"
    if not (key.exists() and key.with_suffix(".pub").exists()):
        _generate(key, host)
    return key


def _generate(key: Path, comment: str) -> None:
    # A pair that is only half there belongs to a run that was killed.
    for path in (key, key.with_suffix(".pub")):
        path.unlink(missing_ok=True)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(key))


def write_known_hosts(rack: Rack) -> None:
    """One line per host: its name and address, and the key the lab made for it."""
    lines = []
    for name, host in sorted(rack.hosts.items()):
        public = rack.host_dir(name) / "ssh_host_ed25519_key.pub"
        kind, key, *_ = public.read_text(encoding="utf-8").split()
        lines.append(f"{name},{host.address} {kind} {key}\n")
    text = "".join(lines)
    rack.make_state_dir("ssh")
    path = rack.known_hosts
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    temporary = path.with_name(".known_hosts.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.chmod(0o644)
    rack.give_to_owner(temporary)
    temporary.replace(path)


def command_line(rack: Rack, host: str, argv: Sequence[str] = (), tty: bool = False) -> list[str]:
    """The plain `ssh` command for a host; the user's own ssh settings play no part in it."""
    options = [
        "BatchMode=yes",
        f"ConnectTimeout={PATIENCE.get(rack.hosts[host].kind, 5)}",
        "IdentitiesOnly=yes",
        "StrictHostKeyChecking=yes",
        f"UserKnownHostsFile={_quoted(rack.known_hosts)}",
        "GlobalKnownHostsFile=/dev/null",
        "LogLevel=ERROR",
        # The default of a client older than its server is sntrup761, 0.3 s of computing for a
        # secret that no lab has: nothing leaves this machine.
        "KexAlgorithms=curve25519-sha256",
    ]
    flags = [word for option in options for word in ("-o", option)]
    where = f"{USER}@{rack.hosts[host].address}"
    key = str(rack.ssh_key).replace("%", "%%")
    return ["ssh", "-F", "none", *(["-t"] if tty else []), "-i", key, *flags, where, *argv]


def _quoted(path: Path) -> str:
    # ssh splits this option at spaces and expands %.
    return '"' + str(path).replace("%", "%%") + '"'


def greets(address: str, seconds: float = 2) -> bool:
    """Whether an SSH server answers there, within ``seconds`` once it takes the connection."""
    try:
        with socket.create_connection((address, 22), timeout=0.1) as connection:
            connection.settimeout(seconds)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
