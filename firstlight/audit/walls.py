"""The firewall and the hardening as they are against what was applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from firstlight.audit.finding import Finding, Level
from firstlight.audit.inside import Inside
from firstlight.facts.firewall import Firewall

RUN = "run deploys/firewall.py"
NAMED = 6
# What these controls find lets somebody in or at something; the others make it harder.
SEVERE = ("mode-accounts", "mode-ssh-keys")


def drift(host: str, state: Firewall, inside: Inside) -> Iterator[Finding]:
    """Yield how the loaded table differs from the written one, and what keeps it from coming back."""
    if not state.loaded:
        what = "the firewall is not there: the table inet firstlight is not loaded"
        yield Finding("firewall-drift", "fail", host, what, "; ".join(state.differs), RUN)
    elif state.differs:
        why = "; ".join(state.differs[:NAMED])
        what = "the firewall is not as it was written"
        yield Finding("firewall-drift", "fail", host, what, why, RUN)
    if state.down:
        what = "the firewall does not come back by itself"
        yield Finding("firewall-drift", "fail", host, what, "; ".join(state.down), RUN)
    if inside.changed:
        count = len(inside.changed)
        what = f"somebody changed the firewall {count}× in the last 7 days; it was put back"
        why = inside.changed[-1]
        yield Finding("firewall-changed", "warn", host, what, why, "find out who: journalctl, last")


def stale(host: str) -> Finding:
    """Return the finding for rules that are written and are not those of the inventory."""
    what = "the firewall's rules are not those that the inventory declares"
    why = "the inventory, or firstlight, has changed since they were written"
    return Finding("firewall-drift", "fail", host, what, why, RUN)


def switched_off(host: str) -> Finding:
    """Return the finding for a host that shall have no firewall of ours."""
    what = "firstlight has no firewall here"
    return Finding("firewall-off", "note", host, what, "firewall.enabled is False", "")


def unhardened(host: str) -> Finding:
    """Return the finding for a host that shall not be hardened."""
    what = "the host is not hardened"
    return Finding("hardening-off", "note", host, what, "hardening.enabled is False", "")


def hardening(host: str, gaps: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """Yield what is not as the hardening applies it: one finding for each control."""
    by_control: dict[str, list[str]] = {}
    for control, what in gaps:
        by_control.setdefault(control, []).append(what)
    for control, found in by_control.items():
        level: Level = "fail" if control in SEVERE else "warn"
        rest = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        yield Finding(
            control,
            level,
            host,
            f"{found[0]}{rest}",
            "; ".join(found[1:NAMED]),
            "run deploys/stack.py",
        )


def switched(host: str, off: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what somebody switched off, so that a report never looks whole that is not."""
    for control in off:
        yield Finding(control, "off", host, "not looked at", off[control])
