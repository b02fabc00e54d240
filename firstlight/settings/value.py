"""The kinds of value a setting can have, each saying itself what it expects.

Scalars are strict: ``"443"`` is not a port and ``1`` is not ``True``, because an inventory is
Python, where writing the right type costs nothing and a wrong one is a mistake worth naming.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ByteSize,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

_LARGEST = 2**60
_SIZE = "a size above 0 and below 1 EiB (examples: 16GiB, 500MB, 1048576)"
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


def wrong(expected: str, fix: str = "", found: str = "") -> PydanticCustomError:
    """An error that says what was ``expected`` and, where it helps, how to get it (``fix``).

    ``found`` is shown instead of the value, which may be a secret.
    """
    context = {"expected": expected, "fix": fix, "found": found}
    return PydanticCustomError("firstlight", "{expected}", context)


def text(pattern: str, expected: str, fix: str = "") -> AfterValidator:
    """A validator for texts that match ``pattern`` from end to end."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise wrong(expected, fix)
        return value

    return AfterValidator(check)


def is_ip(value: str) -> bool:
    """Whether ``value`` is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return "%" not in value  # a zone index means nothing on another machine


def _domain(value: str) -> str:
    """A DNS name in lower case or an IP address in its shortest form."""
    if is_ip(value):
        return str(ipaddress.ip_address(value))
    labels = value.lower().split(".")
    # A name whose last label is a number is a mistyped address: no such top-level domain exists.
    named = all(_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()
    if not named or len(value) > 253:
        raise wrong("a DNS name or an IP address (example: llm.example.net)")
    return value.lower()


def _url(value: str) -> str:
    expected = (
        "an http or https URL without user name, query or fragment "
        "(example: https://hub.example.net)"
    )
    if re.search(r"[^\x21-\x7e]", value):
        raise wrong(expected)
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise wrong(expected) from None
    plain = not ("@" in parts.netloc or parts.query or parts.fragment)
    if parts.scheme not in ("http", "https") or not host or not plain:
        raise wrong(expected)
    return value.rstrip("/")


def _site_path(value: object, info: ValidationInfo) -> object:
    """An absolute path: ``~`` is the home folder, anything relative is below the site's root."""
    if not isinstance(value, (str, Path)) or not str(value) or "\0" in str(value):
        raise wrong("the path of a file on the control machine")
    try:
        path = Path(value).expanduser()
    except RuntimeError:
        raise wrong("a path whose home folder exists on the control machine") from None
    root = (info.context or {}).get("root", Path.cwd())
    return Path(root) / path


def _inside(value: str) -> str:
    """A file's path inside a repository: it can never lead out of the folder it is put into."""
    if re.search(r"[^\x21-\x7e]|\\", value) or any(p in ("", ".", "..") for p in value.split("/")):
        raise wrong("a path inside the repository, without '..' (example: model-q4.gguf)")
    return value


def _size(value: object) -> object:
    """An integer, or a text with a unit that cannot be misread: "1g" is not one of them."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise wrong(_SIZE)
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,18}(\.[0-9]+)? ?([KMGT]i?)?B", value):
        raise wrong(_SIZE)
    if isinstance(value, int) and not 0 < value < _LARGEST:
        raise wrong(_SIZE)
    return value


def _in_range(value: ByteSize) -> ByteSize:
    if not 0 < value < _LARGEST:
        raise wrong(_SIZE)
    return value


def _listed(value: object) -> object:
    if not isinstance(value, (list, tuple)):
        raise wrong("a list")
    return tuple(value)


def whole(low: int, high: int, noun: str) -> Callable[[int], int]:
    """A check that an integer lies in ``low``..``high``; ``noun`` names it in the error."""

    def check(value: int) -> int:
        if not low <= value <= high:
            raise wrong(f"{noun} from {low} to {high}")
        return value

    return check


Flag = StrictBool
Listed = BeforeValidator(_listed)
"""Lists and tuples only: a set has no order, and a text is not the list of its letters."""
Slug = Annotated[
    StrictStr,
    text(r"[a-z][a-z0-9-]{0,30}", "lower-case letters, digits and '-', at most 31 (example: lab)"),
]
Domain = Annotated[StrictStr, AfterValidator(_domain)]
Url = Annotated[StrictStr, AfterValidator(_url)]
SitePath = Annotated[Path, BeforeValidator(_site_path)]
RepositoryFile = Annotated[StrictStr, AfterValidator(_inside)]
Size = Annotated[ByteSize, BeforeValidator(_size), AfterValidator(_in_range)]
Port = Annotated[StrictInt, AfterValidator(whole(1, 65535, "a TCP port"))]
HighPort = Annotated[StrictInt, AfterValidator(whole(1024, 65535, "an unprivileged TCP port"))]
Seconds = Annotated[StrictInt, AfterValidator(whole(1, 86400, "a time in seconds"))]
Sha256 = Annotated[StrictStr, text(r"[0-9a-f]{64}", "a SHA-256 sum: 64 lower-case hex digits")]
Package = Annotated[
    StrictStr,
    text(r"[A-Za-z0-9][A-Za-z0-9+._-]+", "the name of a package (example: htop)"),
    Field(max_length=128),
]
