"""Ways out that need root: packets and frames made by hand. Goes on after plain.py, as one file."""

import concurrent.futures
import fcntl
import json
import socket
import struct
import sys
from typing import Any

from tests.lab.tricks.plain import ECHO, PLAIN, SECONDS, checksum

EVERYBODY = b"\xff" * 6


def own_mac(interface: str) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        asked = struct.pack("256s", interface.encode())
        return bytes(fcntl.ioctl(made, 0x8927, asked)[18:24])


def packet(mark: str, source: str, host: str, protocol: int) -> bytes:
    """Return an IPv4 packet: UDP to the echo port, or the mark as it is in another protocol."""
    data = mark.encode()
    if protocol == socket.IPPROTO_UDP:
        data = struct.pack(">HHHH", ECHO, ECHO, 8 + len(data), 0) + data
    elif protocol == socket.IPPROTO_TCP:  # the middle of a conversation that never began
        data = struct.pack(">HHIIBBHHH", ECHO, ECHO, 1, 1, 5 << 4, 0x18, 512, 0, 0) + data
    ends = socket.inet_aton(source) + socket.inet_aton(host)
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(data), 7, 0, 64, protocol, 0)
    return head[:10] + struct.pack(">H", checksum(head + ends)) + ends + data


def raw(mark: str, host: str, source: str, protocol: int = socket.IPPROTO_UDP) -> bool:
    """Send a packet with a source and a protocol of one's own."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as made:
        made.sendto(packet(mark, source, host, protocol), (host, 0))
    return False  # whether it came is for the witness to say


def arp(mark: str, host: str, interface: str, source: str) -> bytes | None:
    """Ask the neighbours who has an address; return the MAC address that is answered."""
    own = own_mac(interface)
    ends = own + socket.inet_aton(source) + b"\0" * 6 + socket.inet_aton(host)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806)) as made:
        made.bind((interface, 0x0806))
        made.settimeout(SECONDS)
        frame = EVERYBODY + own + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + ends
        made.send(frame + mark.encode())
        for _ in range(50):
            answer = made.recv(2048)
            if answer[20:22] == b"\0\2" and answer[28:32] == socket.inet_aton(host):
                return answer[22:28]
    return None


def known(mark: str, host: str, interface: str, source: str) -> bool:
    """Learn that an address is there, and where."""
    return arp(mark, host, interface, source) is not None


def frame(mark: str, host: str, interface: str, source: str, *, next_hop: str, asks: str) -> bool:
    """Put a packet on the wire that no routing table of this side has seen."""
    there = arp(mark, next_hop, interface, asks)
    if there is None:
        return False
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as made:
        made.bind((interface, 0x0800))
        data = packet(mark, source, host, socket.IPPROTO_UDP)
        made.send(there + own_mac(interface) + b"\x08\x00" + data)
    return False


CRAFTED = {"raw": raw, "known": known, "frame": frame}


def tried(item: tuple[str, tuple[str, dict[str, Any]]], nonce: str) -> tuple[str, str]:
    """Try one; return what became of it: "out", or why it is not seen to be."""
    name, (way, words) = item
    try:
        out = {**PLAIN, **CRAFTED}[way](mark=f"{nonce}-{name}.", **words)  # type: ignore[operator]
    except OSError as error:
        return name, str(error) or type(error).__name__
    return name, "out" if out else "no answer"


def main() -> None:
    given = json.loads(sys.argv[1])
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        found = dict(pool.map(lambda item: tried(item, given["nonce"]), given["tricks"].items()))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
