"""What the two views of one host are compared with, as it travels from the run to the command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from firstlight.audit.finding import Finding
from firstlight.audit.listener import Listener
from firstlight.firewall.opening import Opening

MARK = "firstlight-audit: "
"""What the line of a host begins with, on the stdout of the run that looks from inside."""


@dataclass(frozen=True)
class Looked:
    """One host, looked at from inside.

    ``asked`` are the names of all hosts that the run was to look at, ``known`` those of all hosts of
    the inventory. ``named`` are the addresses
    and names that the inventory has for the host, ``addresses`` those that it has itself.
    ``off`` says why controls are off.
    """

    host: str
    asked: tuple[str, ...]
    known: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    ssh_port: int = 22
    host_keys: tuple[str, ...] = ()
    source: str = ""
    openings: tuple[Opening, ...] = ()
    listeners: tuple[Listener, ...] = ()
    findings: tuple[Finding, ...] = ()
    off: dict[str, str] = field(default_factory=dict)

    def line(self) -> str:
        """Return it as one line of text."""
        return MARK + json.dumps(asdict(self))


def parsed(text: str) -> dict[str, Looked]:
    """Return the hosts whose lines stand in ``text``, by name."""
    lines = [line for line in text.splitlines() if line.startswith(MARK)]
    found = [looked(json.loads(line.removeprefix(MARK))) for line in lines]
    return {each.host: each for each in found}


def looked(said: Mapping[str, Any]) -> Looked:
    """Return what :meth:`Looked.line` said."""
    plain: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in said.items()}
    kinds: dict[str, Any] = {"openings": opening, "listeners": Listener, "findings": Finding}
    for key, kind in kinds.items():
        plain[key] = tuple(kind(**each) for each in plain[key])
    return Looked(**plain)


def opening(**said: Any) -> Opening:
    """Return an opening whose tuples became lists on the way."""
    plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in said.items()}
    return Opening(**plain)
