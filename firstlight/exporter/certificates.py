"""Certificates: until when those last that nginx shows, and what signs them."""

from __future__ import annotations

import binascii
import calendar
import re
from pathlib import Path
from typing import Any

from firstlight.exporter.page import Page

# Those that nginx shows to clients, and those that it shows to others as a client.
NAMED = re.compile(r"^\s*(?:proxy_)?ssl_certificate\s+\"?([^\s;\"$]+)\"?\s*;", re.MULTILINE)
PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
VERSION, UTC, GENERALIZED = 0xA0, 0x17, 0x18


def element(data: bytes, at: int) -> tuple[int, int, int]:
    """Return the tag of the DER element at ``at``, and where its content begins and ends."""
    tag, size, begin = data[at], data[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        size, begin = int.from_bytes(data[begin : begin + count], "big"), begin + count
    return tag, begin, begin + size


def not_after(pem: str) -> int:
    """Return when the first certificate of a PEM text ends, as a Unix time.

    Read here, because openssl for each file is a process. Raises ValueError or IndexError for what
    is no certificate.
    """
    found = PEM.search(pem)
    if found is None:
        raise ValueError("no certificate")
    data = binascii.a2b_base64(found[1])
    _, certificate, _ = element(data, 0)
    _, at, _ = element(data, certificate)
    tag, _, end = element(data, at)
    at = end if tag == VERSION else at
    for _ in range(3):  # the number, the algorithm and the issuer; then comes the validity
        _, _, at = element(data, at)
    _, begin, _ = element(data, at)
    _, _, second = element(data, begin)
    tag, begin, end = element(data, second)
    text = data[begin:end].decode("ascii")
    if tag == UTC:  # RFC 5280: two digits of the year, from 1950 to 2049
        text = ("19" if text >= "5" else "20") + text
    elif tag != GENERALIZED:
        raise ValueError("no time")
    year, rest = int(text[:4]), text[4:14]
    return calendar.timegm((year, *(int(rest[at : at + 2]) for at in range(0, 10, 2))))


def shown(folder: Path) -> dict[str, Path]:
    """Return the certificates that nginx's configuration names, by the path it names."""
    found: dict[str, Path] = {}
    for file in sorted(folder.glob("*.conf")):
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        found.update((path, file.parent / path) for path in NAMED.findall(text))
    return found


def name_of(path: str) -> str:
    """Return what a certificate is called: ``edge`` is the one for clients."""
    stem = path.rpartition("/")[2].rpartition(".")[0]
    return "edge" if stem == "tls" else stem


def told(page: Page, spec: dict[str, Any], root: Path) -> None:
    """Tell when each certificate ends; of two with one name that which ends first."""
    paths = [(name_of(path), at) for path, at in shown(root / spec["nginx"].lstrip("/")).items()]
    paths += [(name, root / path.lstrip("/")) for name, path in spec["certificates"].items()]
    ends: dict[str, int] = {}
    for name, path in paths:
        try:
            end = not_after(path.read_text(encoding="ascii"))
        except (OSError, ValueError, IndexError):
            continue
        ends[name] = min(end, ends.get(name, end))
    about = "When a certificate on the host ends, in seconds since 1970."
    for name, end in ends.items():
        page.add("firstlight_certificate_not_after_seconds", about, end, name=name)
