"""The certificate of an edge as a client sees it, and another one while requests go on."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509

from tests.lab.client import Client
from tests.lab.rack import Run, TestRack, command

HOST = "lab1"
RENEW = "touch /run/firstlight/certificate-due && systemctl start firstlight-certificate.service"
METRIC = "/var/lib/firstlight/edge/certificate.prom"


def shown(client: Client) -> x509.Certificate:
    """The leaf, once its chain and its name have been checked."""
    connection = client.connect()
    try:
        connection.connect()
        assert isinstance(connection.sock, ssl.SSLSocket)
        der = connection.sock.getpeercert(binary_form=True)
        assert der
        return x509.load_der_x509_certificate(der)
    finally:
        connection.close()


def edge_deploy(rack: TestRack, tls: dict[str, Any] | None, **change: Any) -> Run:
    """Deploy the edge of lab1 alone, with these settings of ``edge.tls``."""
    data = None if tls is None else {"edge": {"tls": tls}}
    words = rack.pyinfra_words(HOST, "-y", data=data)
    return command(*words[:-1], "deploys/edge.py", ENGINE="llamacpp", **change)


def renewed(rack: TestRack, *, check: bool = True) -> Run:
    """Have the host renew its certificate now, by the unit that its timer starts."""
    return rack.sh(HOST, RENEW, check=check, timeout=120)


@dataclass
class Traffic:
    """What became of a stream and of the requests beside it."""

    events: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def ask(self, client: Client, over: threading.Event) -> None:
        while not over.is_set():
            try:
                self.statuses.append(client.ask("/v1/models").status)
            except OSError as error:
                self.errors.append(str(error))
            over.wait(0.02)  # a key has its limits, also where a machine is fast

    def stream(self, client: Client, over: threading.Event) -> None:
        try:
            while not over.is_set():
                self.events = [*client.stream(150)]
                over.wait(0.02)
        except (OSError, AssertionError) as error:
            self.errors.append(str(error))


@contextmanager
def traffic(client: Client) -> Iterator[Traffic]:
    """Stream and ask without a pause; at the end nothing of it has failed."""
    seen, over = Traffic(), threading.Event()
    threads = [
        threading.Thread(target=each, args=(client, over)) for each in (seen.ask, seen.stream)
    ]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join(60)
    assert seen.errors == []
    assert len(seen.statuses) > 5 and set(seen.statuses) == {200}
    assert seen.events[-1] == "[DONE]"
