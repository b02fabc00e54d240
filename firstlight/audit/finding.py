"""One thing that an audit found."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Level = Literal["fail", "warn", "note", "off"]
LEVELS: tuple[Level, ...] = ("fail", "warn", "note", "off")


@dataclass(frozen=True)
class Finding:
    """What a control found on a host: ``what`` is wrong, ``why`` the evidence, ``fix`` what mends it.

    ``level`` is fail (not as declared, or open to misuse), warn (to be looked at soon), note (to be
    known) or off (somebody switched the control off; ``why`` is then the recorded reason).
    """

    control: str
    level: Level
    host: str
    what: str
    why: str = ""
    fix: str = ""

    @property
    def order(self) -> tuple[int, str, str]:
        """Where it stands in a report: the worst first."""
        return LEVELS.index(self.level), self.control, self.what


def runnable(found: Sequence[Finding], inventory: str) -> list[Finding]:
    """Return the findings with commands in place of the deploys that mend them."""
    command = f"pyinfra {shlex.quote(inventory)} deploys/"
    return [replace(each, fix=each.fix.replace("run deploys/", command)) for each in found]


def judged(found: Sequence[Finding], off: Mapping[str, str]) -> list[Finding]:
    """Return the findings in order; those of switched-off controls are "off", with the reason.

    ``off`` says why a control is off, by its id; what it would have said is said all the same.
    """
    on = [each for each in found if each.level == "off" or each.control not in off]
    loud = [each for each in found if each.level != "off" and each.control in off]
    said = {each.control for each in loud}
    on = [each for each in on if each.level != "off" or each.control not in said]
    on += [
        Finding(each.control, "off", each.host, f"would say: {each.what}", off[each.control])
        for each in loud
    ]
    return sorted(dict.fromkeys(on), key=lambda each: (each.host, *each.order))
