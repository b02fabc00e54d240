"""Fingerprints of OpenPGP public keys (RFC 9580, version 4 and 6 keys), nothing else of OpenPGP.

Our own code, because the libraries for it do not live beside pyinfra: pysequoia's native code
crashes the process inside gevent's greenlets (measured), and gpg is not on every control machine.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

ARMOR = re.compile(
    rb"-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[^\r\n]+:[^\r\n]*\r?\n)*\r?\n"
    rb"(?P<data>[A-Za-z0-9+/=\s]+?)(?:\r?\n=[A-Za-z0-9+/]{4})?\s*-----END PGP PUBLIC KEY BLOCK-----"
)
PUBLIC_KEY = 6


def fingerprints(text: bytes) -> list[str]:
    """Return the fingerprint of every primary key in ``text``, in hex digits.

    Raises ValueError where it is no sequence of OpenPGP packets.
    """
    if text.lstrip().startswith(b"-----"):
        try:
            blocks = [base64.b64decode(match["data"]) for match in ARMOR.finditer(text)]
            if len(blocks) != text.count(b"-----BEGIN PGP"):
                raise ValueError("a block of another form beside the keys")
        except binascii.Error as error:
            raise ValueError(str(error)) from error
    else:
        blocks = [text]
    return [
        fingerprint(body) for data in blocks for tag, body in packets(data) if tag == PUBLIC_KEY
    ]


def fingerprint(body: bytes) -> str:
    """Return the fingerprint of a public key packet's ``body``."""
    if body[:1] == b"\x04":
        # SHA-1 is how version 4 fingerprints are made; it is compared with one that is pinned.
        head = b"\x99" + len(body).to_bytes(2)
        return hashlib.sha1(head + body, usedforsecurity=False).hexdigest().upper()
    if body[:1] == b"\x06":
        return hashlib.sha256(b"\x9b" + len(body).to_bytes(4) + body).hexdigest().upper()
    raise ValueError("not a key of version 4 or 6")


def packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (tag, body) of every packet. Raises ValueError where one is torn."""
    place = 0
    while place < len(data):
        head = data[place]
        if not head & 0x80:
            raise ValueError("not an OpenPGP packet")
        if head & 0x40:
            tag, size, place = head & 0x3F, *new_length(data, place + 1)
        else:
            tag, octets = (head & 0x3C) >> 2, 1 << (head & 3)
            if octets == 8:
                raise ValueError("a packet without a length")
            size = int.from_bytes(data[place + 1 : place + 1 + octets])
            place += 1 + octets
        if place + size > len(data):
            raise ValueError("a packet is cut off")
        yield tag, data[place : place + size]
        place += size


def new_length(data: bytes, place: int) -> tuple[int, int]:
    """Return the length that stands at ``place``, and where the packet's body begins."""
    first = data[place] if place < len(data) else 0
    if first < 192:
        return first, place + 1
    if first < 224 and place + 1 >= len(data):
        raise ValueError("a packet is cut off")
    if first < 224:
        return ((first - 192) << 8) + data[place + 1] + 192, place + 2
    if first == 255:
        return int.from_bytes(data[place + 1 : place + 5]), place + 5
    raise ValueError("a packet in parts, which keys never are")
