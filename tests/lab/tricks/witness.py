"""Sees what gets out: answers on a lab host, and listens to what passes its interface.

``witness.py NONCE INTERFACE NAME``: echoes over UDP and TCP, answers every DNS question, listens on
an abstract socket called NAME and for broadcast and multicast. NONCE/NAME for each mark that it saw.
"""

import re
import selectors
import socket
import struct
import sys

ECHO, DNS, WEB, DHCP = 4999, 53, 80, 68
GROUP4, GROUP6 = "239.255.49.99", "ff02::4999"
ALL_PROTOCOLS = 0x0003
LONGEST = 2048


def datagrams(family: int, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind(("", port))
    return made


def connections(family: int, port: int) -> socket.socket:
    return socket.create_server(("", port), family=family)


def joined(interface: str) -> list[socket.socket]:
    """Every socket that listens on the host."""
    index = socket.if_nametoindex(interface)
    four, six = datagrams(socket.AF_INET, ECHO), datagrams(socket.AF_INET6, ECHO)
    group = struct.pack("=4s4si", socket.inet_aton(GROUP4), b"\0" * 4, index)
    four.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
    group = socket.inet_pton(socket.AF_INET6, GROUP6) + struct.pack("=I", index)
    six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
    found = [four, six]
    for port in (DNS, DHCP):
        found.append(datagrams(socket.AF_INET, port))
    for family, port in (
        (socket.AF_INET, ECHO), (socket.AF_INET6, ECHO), (socket.AF_INET, DNS),
        (socket.AF_INET, WEB),
    ):  # fmt: skip
        try:
            found.append(connections(family, port))
        except OSError:  # nginx has it already, and answers
            continue
    return found


def answered(data: bytes, port: int) -> bytes:
    """Return what is answered: to DNS an address, to all else the same."""
    if port != DNS or len(data) < 17:
        return data
    head = data[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0)
    end = data.index(b"\0", 12) + 5
    return head + data[12:end] + struct.pack(">HHHIH", 0xC00C, 1, 1, 1, 4) + b"\x0a\0\0\1"


class Witness:
    """What was seen, said once."""

    def __init__(self, nonce: str) -> None:
        self.nonce = nonce
        self.pattern = re.compile(nonce.encode() + rb"-([a-z0-9-]+)")
        self.seen: set[str] = set()

    def look(self, data: bytes) -> None:
        for found in self.pattern.findall(data):
            name = found.decode()
            if name not in self.seen:
                self.seen.add(name)
                print(f"{self.nonce}/{name}", flush=True)


def served(witness: Witness, made: socket.socket, chooser: selectors.BaseSelector) -> None:
    """Take what has come to one socket."""
    if made.family == socket.AF_PACKET:
        witness.look(made.recv(LONGEST))
    elif made.type == socket.SOCK_DGRAM:
        data, sender = made.recvfrom(LONGEST)
        witness.look(data)
        made.sendto(answered(data, made.getsockname()[1]), sender)
    elif made.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        chooser.register(made.accept()[0], selectors.EVENT_READ)
    else:
        data = made.recv(LONGEST)
        witness.look(data)
        if made.family == socket.AF_INET and made.getsockname()[1] == DNS and data:
            answer = answered(data[2:], DNS)
            made.sendall(struct.pack(">H", len(answer)) + answer)
        else:
            chooser.unregister(made)
            made.close()


def main() -> None:
    nonce, interface, name = sys.argv[1:]
    witness, chooser = Witness(nonce), selectors.DefaultSelector()
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
    wire.bind((interface, ALL_PROTOCOLS))
    hidden = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    hidden.bind(f"\0{name}")
    hidden.listen()
    for made in (wire, hidden, *joined(interface)):
        chooser.register(made, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in chooser.select():
            try:
                served(witness, key.fileobj, chooser)  # type: ignore[arg-type]
            except OSError as error:
                print(f"# {error}", flush=True)


main()
