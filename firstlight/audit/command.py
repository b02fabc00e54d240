"""The whole audit: every host from inside, then from outside, then both against what is declared."""

from __future__ import annotations

import time
from dataclasses import dataclass

from firstlight.audit.asked import Asked, run
from firstlight.audit.exposure import Seen, exposed, together
from firstlight.audit.finding import Finding, judged, runnable
from firstlight.audit.host import Looked, parsed
from firstlight.audit.outside import outside, unseen
from firstlight.audit.scan import Target
from firstlight.audit.target import targets
from firstlight.errors import FirstlightError

INSIDE_SECONDS = 600
NO_HOST = "No host matches found"


@dataclass(frozen=True)
class Audit:
    """What was found. ``problems`` are what could not be looked at: with one it is not whole."""

    asked: Asked
    looked: dict[str, Looked]
    seen: tuple[Seen, ...]
    findings: tuple[Finding, ...]
    problems: tuple[FirstlightError, ...]
    seconds: float

    def of(self, host: str) -> list[Finding]:
        """Return the findings of ``host``."""
        return [each for each in self.findings if each.host == host]


def audit(asked: Asked) -> Audit:
    """Look at everything that is ``asked`` for. Changes nothing anywhere."""
    began = time.monotonic()
    looked, problems = inside(asked)
    findings = [each for one in looked.values() for each in one.findings]
    seen: list[Seen] = []
    if asked.outside:
        wanted: list[Target] = []
        for one in looked.values():
            there, notes = targets(one)
            wanted += there
            findings += judged(notes, one.off)
        seen, missed = outside(wanted, looked, asked)
        problems += [*missed, *unseen(looked, seen)]
    for name, one in looked.items():
        views = [each for each in seen if each.host == name]
        findings += judged(together(x for view in views for x in exposed(one, view)), one.off)
    found = runnable(findings, asked.inventory)
    return Audit(
        asked,
        looked,
        tuple(seen),
        tuple(sorted(dict.fromkeys(found), key=lambda each: (each.host, *each.order))),
        tuple(problems),
        time.monotonic() - began,
    )


def inside(asked: Asked) -> tuple[dict[str, Looked], list[FirstlightError]]:
    """Return every host that was looked at, and why others were not."""
    out, err, code = run(
        "audit.py", asked.inventory, asked.limit, INSIDE_SECONDS, FIRSTLIGHT_AUDIT="json"
    )
    looked = parsed(out)
    said = [line for line in err.splitlines() if line.strip()]
    if not looked:
        why = "\n       ".join(said[-12:])
        fix = f"pyinfra {asked.inventory} exec -- true shows which hosts can be reached"
        if NO_HOST in err:
            fix = "name a host or a group of the inventory"
        raise FirstlightError("no host was looked at", where=asked.inventory, why=why, fix=fix)
    names = next(iter(looked.values())).asked
    # They answer as they are done; a report stands as the inventory does.
    looked = {name: looked[name] for name in dict.fromkeys((*names, *looked)) if name in looked}
    problems = [
        FirstlightError(
            "the host was not looked at",
            where=name,
            why="\n       ".join(line for line in said if name in line)[-600:],
            fix=f"pyinfra --limit {name} {asked.inventory} exec -- true",
        )
        for name in names
        if name not in looked
    ]
    if code and not problems:
        problems.append(
            FirstlightError(
                "pyinfra failed", where=asked.inventory, why="\n       ".join(said[-6:])
            )
        )
    return looked, problems
