"""One mistake in the settings, and the error that lists all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from firstlight.errors import FirstlightError

UNKNOWN_KEY = "unknown key"
NOTHING = "nothing"
_NAMED_HOSTS = 2
"""How many hosts a folded problem names before it counts the others."""


@dataclass(frozen=True)
class Problem:
    """One mistake: on which host, at which key, what was found and what was expected.

    ``found`` is :data:`UNKNOWN_KEY` for a key that does not exist, and a whole statement where
    nothing needs to be ``expected``. ``nearest`` is the known name that was probably meant,
    ``fix`` how to get what is expected; both may be empty.
    """

    host: str
    key: str
    found: str
    expected: str
    nearest: str = ""
    fix: str = ""

    def text(self, hosts: str = "") -> str:
        """The problem in one line, for ``hosts`` or for its own host."""
        stated = self.found == UNKNOWN_KEY or not self.expected
        line = f"{hosts or self.host}: {self.key}: {'' if stated else 'found '}{self.found}"
        if self.expected:
            line += f", expected {self.expected}"
        if self.nearest:
            line += f'; did you mean "{self.nearest}"?'
        if self.fix:
            line += f"; fix: {self.fix}"
        return line

    def __str__(self) -> str:
        return self.text()


def folded(problems: Iterable[Problem]) -> list[str]:
    """The problems as lines; one that several hosts share (group data) takes one line."""
    hosts: dict[tuple[str, ...], list[Problem]] = {}
    for problem in problems:
        same = (problem.key, problem.found, problem.expected, problem.nearest, problem.fix)
        hosts.setdefault(same, []).append(problem)
    return [shared[0].text(_named([p.host for p in shared])) for shared in hosts.values()]


def _named(hosts: list[str]) -> str:
    distinct = list(dict.fromkeys(hosts))
    if len(distinct) <= _NAMED_HOSTS + 1:
        return " and ".join(filter(None, [", ".join(distinct[:-1]), distinct[-1]]))
    return f"{', '.join(distinct[:_NAMED_HOSTS])} and {len(distinct) - _NAMED_HOSTS} more"


class SettingsError(FirstlightError):
    """The settings of at least one host are wrong; ``problems`` has one entry per mistake."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        lines = folded(self.problems)
        count = "one mistake" if len(lines) == 1 else f"{len(lines)} mistakes"
        super().__init__("\n".join([f"{count} in the settings", *(f"  {line}" for line in lines)]))
