"""At which addresses a host is looked at from outside."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import paramiko

from firstlight.audit.finding import Finding
from firstlight.audit.host import Looked
from firstlight.audit.scan import Target, payloads

SECONDS = 5  # for a connection that proves whose an address is


def targets(looked: Looked) -> tuple[list[Target], list[Finding]]:
    """Return what is to be probed of a host, and notes on what is not.

    Addresses of the inventory are the host's. Others that the host says it has may be somebody
    else's where we stand (private networks look alike everywhere): only where the host's own SSH
    key answers are they probed.
    """
    sure = addresses(looked.named)
    maybe = [each for each in looked.addresses if each not in sure]
    with ThreadPoolExecutor(8) as pool:
        proven = list(pool.map(lambda each: is_proven(each, looked), maybe))
    notes = [
        Finding(
            "exposed-address",
            "note",
            looked.host,
            f"{each} was not probed",
            "from here nothing proves that this address is the host's: its SSH does not answer there",
            "look from a machine of that network, with an inventory that has this address",
        )
        for each, known in zip(maybe, proven, strict=True)
        if not known
    ]
    sure += [each for each, known in zip(maybe, proven, strict=True) if known]
    listening = {
        each.port for each in looked.listeners if each.protocol == "udp" and not each.loopback
    }
    declared = {p for each in looked.openings if each.protocol == "udp" for p in each.ports}
    udp = tuple(sorted({*payloads(), *listening, *declared}))
    return [Target(looked.host, each, (looked.ssh_port,), udp) for each in sure], notes


def addresses(names: Iterable[str]) -> list[str]:
    """Return the IP addresses behind names; names that nobody knows here are passed over."""
    found: list[str] = []
    for name in names:
        with contextlib.suppress(OSError):
            rows = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
            found += [str(row[4][0]) for row in rows]
    return list(dict.fromkeys(found))


def is_own(address: str) -> bool:
    """Whether an address is this machine's: it can be bound here."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind((address, 0))
        except OSError:
            return False
    return True


def is_proven(address: str, looked: Looked) -> bool:
    """Whether the host's own SSH key answers at ``address``."""
    try:
        sock = socket.create_connection((address, looked.ssh_port), SECONDS)
    except OSError:
        return False
    with sock, contextlib.closing(paramiko.Transport(sock)) as transport:
        try:
            transport.start_client(timeout=SECONDS)
            key = transport.get_remote_server_key()
        except (paramiko.SSHException, EOFError, OSError):
            return False
        return f"{key.get_name()} {key.get_base64()}" in looked.host_keys
