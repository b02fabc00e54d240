"""Ways out that any program may try. Runs on a lab host, inside an engine's network.

Each takes ``mark``, which it sends along, and tells whether something came back. What leads out
without an answer is seen by witness.py, which knows the mark.
"""

import contextlib
import os
import socket
import struct
from collections.abc import Iterator

SECONDS = 0.8
ECHO = 4999
GROUP4, GROUP6 = "239.255.49.99", "ff02::4999"


def address(host: str, port: int) -> tuple[int, tuple[str | int, ...]]:
    """Return family and address; an IPv6 one may name its interface after a percent sign."""
    if ":" not in host:
        return socket.AF_INET, (host, port)
    plain, _, interface = host.partition("%")
    return socket.AF_INET6, (
        plain,
        port,
        0,
        socket.if_nametoindex(interface) if interface else 0,
    )


@contextlib.contextmanager
def opened(family: int, kind: int, protocol: int = 0) -> Iterator[socket.socket]:
    with socket.socket(family, kind, protocol) as made:
        made.settimeout(SECONDS)
        yield made


def tcp(mark: str, host: str, port: int = ECHO) -> bool:
    """Connect, and say the mark."""
    family, where = address(host, port)
    with opened(family, socket.SOCK_STREAM) as made:
        made.connect(where)
        made.sendall(mark.encode())
        return True


def udp(mark: str, host: str, port: int = ECHO, source: int = 0) -> bool:
    """Send the mark, and wait for it to come back."""
    family, where = address(host, port)
    with opened(family, socket.SOCK_DGRAM) as made:
        if source:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(("", source))
        made.sendto(mark.encode(), where)
        return bool(made.recv(2048))


def shouted(mark: str, host: str, interface: str, port: int = ECHO) -> bool:
    """Send the mark to everybody: broadcast or multicast, over ``interface``."""
    family, where = address(host, port)
    index = socket.if_nametoindex(interface)
    with opened(family, socket.SOCK_DGRAM) as made:
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 4)
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            chosen = struct.pack("=4s4si", b"\0" * 4, b"\0" * 4, index)
            made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, chosen)
            made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 4)
            if os.geteuid() == 0:  # where there is no route
                made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        made.sendto(mark.encode(), where)
        return False  # whether it was heard is for the witness to say


def checksum(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def ping(mark: str, host: str) -> bool:
    """Send an echo request, and wait for its answer."""
    family, where = address(host, 0)
    six = family == socket.AF_INET6
    protocol = socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
    request, answer = (128, 129) if six else (8, 0)
    body = struct.pack(">BBHHH", request, 0, 0, 77, 1) + mark.encode()
    if not six:
        body = body[:2] + struct.pack(">H", checksum(body)) + body[4:]
    for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM):
        try:
            made = socket.socket(family, kind, protocol)
        except PermissionError:
            continue
        with made:
            made.settimeout(SECONDS)
            made.sendto(body, where)
            for _ in range(50):  # a raw socket hears its own request on the way to itself
                data = made.recv(2048)
                skip = 20 if kind == socket.SOCK_RAW and not six else 0
                if data[skip] == answer and mark.encode() in data:
                    return True
    return False


def question(mark: str) -> bytes:
    labels = b"".join(
        bytes([len(part)]) + part.encode() for part in (mark.strip("."), "example", "com")
    )
    head = struct.pack(">HHHHHH", 77, 0x0100, 1, 0, 0, 0)
    return head + labels + b"\0" + struct.pack(">HH", 1, 1)


def dns(mark: str, server: str, over: str = "udp") -> bool:
    """Ask a name server for a name that holds the mark, and have it answered."""
    asked = question(mark)
    kind = socket.SOCK_STREAM if over == "tcp" else socket.SOCK_DGRAM
    with opened(socket.AF_INET, kind) as made:
        made.connect((server, 53))
        made.sendall(struct.pack(">H", len(asked)) + asked if over == "tcp" else asked)
        answer = made.recv(2048)[2 if over == "tcp" else 0 :]
    return answer[3] & 15 == 0 and answer[7] > 0


def abstract(mark: str, name: str) -> bool:
    """Connect to a socket of the host that is in no folder."""
    with opened(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.connect(f"\0{name}")
        made.sendall(mark.encode())
        return True


PLAIN = {
    "tcp": tcp, "udp": udp, "shouted": shouted, "ping": ping, "dns": dns, "abstract": abstract,
}  # fmt: skip
