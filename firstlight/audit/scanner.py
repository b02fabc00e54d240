"""Probes TCP and UDP ports: a program of its own, which needs Python 3.8 and nothing else.

``python3 - REQUEST < scanner.py`` runs it anywhere and leaves nothing there. REQUEST is JSON:
{"targets": [{"address", "tcp": [[from, to], …], "known": [port, …], "udp": [port, …]}], "rate",
"payloads": {port: [hex, …]}}; ``known`` ports are asked first, to learn how long answers take. What
answers is printed as JSON.

Thousands of sockets wait in one selector: 50 µs a port (measured). Each waits long enough for the
kernel to send its SYN a second time, so that one lost packet hides no port.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import json
import os
import random
import selectors
import socket
import struct
import sys
import threading
import time
from typing import Any

RETRANSMITTED = 1.0  # seconds after which Linux, BSD and macOS send a SYN again
SPARE = 64  # descriptors left to the interpreter
MOST = 70000  # as many as there are ports
NO_WAY = (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EACCES, errno.EPERM)
BUSY = (errno.ENOBUFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)


def family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def descriptors() -> int:
    """Return how many sockets may be open at once."""
    try:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (ImportError, OSError, ValueError):  # a minimal Python: the shell has raised the limit
        most = min(os.sysconf("SC_OPEN_MAX"), MOST)
    return max(32, most - SPARE)


class Scan:
    """All TCP ports of all targets, in one loop."""

    def __init__(self, targets: list[Any], rate: int) -> None:
        self.targets, self.rate = targets, rate
        self.most = self.window = descriptors()
        self.wait = {t["address"]: RETRANSMITTED + 0.5 for t in targets}
        self.seen: dict[str, Any] = {
            t["address"]: {"open": {}, "closed": 0, "rejected": 0, "silent": 0, "source": "", "error": ""}
            for t in targets
        }  # fmt: skip
        self.selector = selectors.DefaultSelector()
        self.flying: collections.deque[list[Any]] = collections.deque()

    def begin(self, address: str, port: int) -> bool:
        """Send one SYN; False where the kernel has no room for it now."""
        try:
            sock = socket.socket(family(address), socket.SOCK_STREAM)
        except OSError as error:
            self.seen[address]["error"] = "" if error.errno in BUSY else str(error.strerror)
            return error.errno not in BUSY
        sock.setblocking(False)
        # Ends with a reset: a probe must not leave the scanned host sockets that wait.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        code = sock.connect_ex((address, port))
        now = time.monotonic()
        if code == errno.EINPROGRESS:
            probe = [now, sock, address, port]
            self.flying.append(probe)
            self.selector.register(sock, selectors.EVENT_WRITE, probe)
            return True
        if code in BUSY:
            sock.close()
            return False
        self.ended([now, sock, address, port], code)
        return True

    def ended(self, probe: list[Any], code: int) -> None:
        """Count what came of a probe."""
        began, sock, address, port = probe
        seen = self.seen[address]
        if code == 0:
            seen["open"][port] = round((time.monotonic() - began) * 1000, 1)
            seen["source"] = sock.getsockname()[0]
        elif code == errno.ECONNREFUSED:
            seen["closed"] += 1
        elif code in NO_WAY:
            seen["error"] = errno.errorcode[code]
        else:  # an ICMP error: a firewall that says so, or nobody there
            seen["rejected"] += 1
        sock.close()
        probe[1] = None

    def turn(self, more: bool) -> bool:
        """Hear what came, and give up what waited long enough. True: something has ended."""
        before = len(self.flying)
        for key, _ in self.selector.select(0 if more else 0.02):
            probe = key.data
            self.selector.unregister(probe[1])
            self.ended(probe, probe[1].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        now = time.monotonic()
        while self.flying and (
            self.flying[0][1] is None or now - self.flying[0][0] > self.wait[self.flying[0][2]]
        ):
            _, sock, address, _ = self.flying.popleft()
            if sock is not None:
                self.selector.unregister(sock)
                sock.close()
                self.seen[address]["silent"] += 1
        return len(self.flying) < before

    def run(self, ports: list[tuple[str, int]]) -> None:
        """Probe ``ports``, a list of (address, port), at ``rate`` a second."""
        began, place = time.monotonic(), 0
        while place < len(ports) or self.flying:
            allowed = min(len(ports), int((time.monotonic() - began) * self.rate) + 16)
            while place < allowed and len(self.flying) < self.window:
                if not self.begin(*ports[place]):
                    self.window = max(32, len(self.flying) // 2)
                    break
                place += 1
                self.window = min(self.window + 1, self.most)
            moved = self.turn(place < allowed)
            if place >= allowed and place < len(ports) and not moved:
                time.sleep(0.002)

    def everything(self) -> dict[str, Any]:
        """Probe all ports of all targets; what was seen, by address."""
        known = [(t["address"], p) for t in self.targets for p in t["known"]]
        self.run(known)
        for address, seen in self.seen.items():
            if seen["open"]:  # how long an answer takes here
                self.wait[address] = RETRANSMITTED + min(
                    1, max(0.25, 0.004 * max(seen["open"].values()))
                )
        wanted: set[tuple[str, int]] = set()
        for t in self.targets:
            wanted |= {(t["address"], p) for low, high in t["tcp"] for p in range(low, high + 1)}
        ports = sorted(wanted - set(known))
        random.shuffle(ports)  # targets share the rate, and no host sees a rising sequence
        self.run(ports)
        return self.seen


def udp(request: dict[str, Any], heard: dict[str, set[int]]) -> None:
    """Ask every UDP port twice; ``heard`` becomes the ports that answered, by address."""
    selector = selectors.DefaultSelector()
    payloads = request["payloads"]
    for target in request["targets"]:
        for port in target["udp"]:
            address = target["address"]
            with contextlib.suppress(OSError):
                sock = socket.socket(family(address), socket.SOCK_DGRAM)
                sock.setblocking(False)
                # Not connected: TFTP answers from another port than the one that was asked.
                selector.register(sock, selectors.EVENT_READ, (address, port))
    for _ in range(2 if selector.get_map() else 0):
        for key in list(selector.get_map().values()):
            address, port = key.data
            for payload in payloads.get(str(port), ["0d0a"]):
                with contextlib.suppress(OSError):
                    key.fileobj.sendto(bytes.fromhex(payload), (address, port))  # type: ignore[union-attr]
        until = time.monotonic() + 1.2
        while time.monotonic() < until:
            for key, _events in selector.select(0.1):
                address, port = key.data
                with contextlib.suppress(OSError):
                    sender = key.fileobj.recvfrom(2048)[1][0]  # type: ignore[union-attr]
                    if sender == address:
                        heard.setdefault(address, set()).add(port)


def main() -> None:
    """Scan what the first argument asks for; print what was found."""
    request = json.loads(sys.argv[1])
    heard: dict[str, set[int]] = {}
    began = time.monotonic()
    scan = Scan(request["targets"], request["rate"])
    asking = threading.Thread(target=udp, args=(request, heard), daemon=True)
    asking.start()
    found = scan.everything()
    asking.join(30)
    for address, ports in heard.items():
        found[address]["udp"] = sorted(ports)
    print(json.dumps({"seen": found, "seconds": round(time.monotonic() - began, 1)}))


if __name__ == "__main__":
    main()
