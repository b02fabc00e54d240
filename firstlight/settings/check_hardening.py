"""Controls that are switched off by a name which none of them has."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.catalogue.controls import controls
from firstlight.settings.host import HostSettings
from firstlight.settings.mistake import key, nearest
from firstlight.settings.problem import UNKNOWN_KEY, Problem


def hardening_contradictions(host: HostSettings) -> Iterator[Problem]:
    """One problem for each unknown control in ``hardening.off``."""
    known = controls()
    for name in host.hardening.off:
        if name in known:
            continue
        near = nearest(name, known)
        expected = "" if near else "the id of a control (docs/hardening.md lists them)"
        yield Problem(host.name, key(("hardening", "off", name)), UNKNOWN_KEY, expected, near)
