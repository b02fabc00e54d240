"""The scanner against real sockets of this machine."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from firstlight.audit import scan
from firstlight.audit.exposure import Seen
from firstlight.audit.scan import Target
from firstlight.audit.target import addresses, is_own
from firstlight.errors import FirstlightError


def listener(address: str = "127.0.0.1") -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.bind((address, 0))
    sock.listen(16)
    return sock


@pytest.fixture
def port() -> Iterator[int]:
    with closing(listener()) as sock:
        yield sock.getsockname()[1]


@pytest.fixture
def answering() -> Iterator[int]:
    """A UDP service that answers whatever it is asked."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(20)

        def answer() -> None:
            for _ in range(2):
                try:
                    text, sender = sock.recvfrom(2048)
                    sock.sendto(text, sender)
                except OSError:
                    return

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield sock.getsockname()[1]


def look(
    tcp: scan.Ranges,
    address: str = "127.0.0.1",
    known: tuple[int, ...] = (),
    udp: tuple[int, ...] = (),
) -> tuple[Seen, float]:
    targets = [Target("gpu1", address, known, udp)]
    said = scan.here(scan.request(targets, tcp, 8000))
    (found,), seconds = scan.seen(said, targets, "here", tcp)
    return found, seconds


def test_what_listens_is_found_among_closed_ports(port: int, answering: int) -> None:
    low, high = max(1, port - 1500), min(65535, port + 1500)
    found, _ = look(((low, high),), udp=(answering, 9))
    assert port in found.tcp and found.source == "127.0.0.1"
    assert len(found.tcp) + found.counts["closed"] == high - low + 1
    assert found.udp == (answering,)
    assert not found.silent and found.was_asked(high) and not found.was_asked(high + 1)


def test_closed_udp_is_not_heard(port: int) -> None:
    found, _ = look(((port, port),))
    assert found.tcp == (port,) and found.udp == ()


def test_ipv6() -> None:
    try:
        sock = listener("::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    with closing(sock):
        port = sock.getsockname()[1]
        found, _ = look(((port, port),), "::1")
        assert found.tcp == (port,) and found.source == "::1"


def test_a_network_that_is_not_there_is_an_error_and_not_a_clean_host() -> None:
    found, _ = look(((1, 20),), "ff0e::1")  # a group of hosts: TCP cannot ask it
    assert found.silent and found.error


def test_a_port_that_is_known_counts_once(port: int) -> None:
    found, _ = look(((port, port),), known=(port,))
    assert found.asked == ((port, port),)
    assert look(((1, 2),), known=(port,))[0].asked == ((1, 2), (port, port))


def test_a_scanner_that_fails_is_said() -> None:
    with pytest.raises(FirstlightError, match="could not be asked"):
        scan.seen("Killed", [Target("gpu1", "127.0.0.1", (), ())], "edge1", ((1, 2),))
    with pytest.raises(FirstlightError, match="no destination"):
        scan.by_ssh("-oProxyCommand=id", scan.request([], ((1, 2),), 10))


def test_every_payload_is_hex_and_large_requests_fit_into_an_argument() -> None:
    assert all(bytes.fromhex(each) for row in scan.payloads().values() for each in row)
    assert len(bytes.fromhex(scan.payloads()[443][0])) == 1200  # QUIC answers nothing smaller
    targets = [Target("h", f"10.0.0.{n}", (22,), tuple(scan.payloads())) for n in range(200)]
    assert len(json.dumps(scan.request(targets, scan.ALL, scan.RATE))) < 128 * 1024


def test_addresses_of_names() -> None:
    assert addresses(["127.0.0.1", "no-such-name.invalid", "127.0.0.1"]) == ["127.0.0.1"]
    assert is_own("127.0.0.1") and not is_own("203.0.113.9")
