"""Whether the edge that serves shows its host's engines a secret: the order of a change."""

from __future__ import annotations

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

SCRIPT = r"""
[ -e "$1/nginx.conf" ] || { echo none; exit 0; }
grep -qs Bearer "$1/$2" && echo sent || echo open
"""


class EdgeBeforeEngines(FactBase[bool]):
    """Return whether a release serves that shows the engines of its host no secret.

    Then the edge has to change before they do: an engine that does not ask ignores what it is
    shown, one that asks and is shown nothing refuses everybody. ``current`` is the folder of the
    release that serves, ``fragment`` its file that says what is shown.
    """

    default = bool

    @override
    def command(self, current: str, fragment: str) -> StringCommand:
        return StringCommand(
            "sh -c", QuoteString(SCRIPT), "backend", QuoteString(current), QuoteString(fragment)
        )

    @override
    def process(self, output: list[str]) -> bool:
        return output == ["open"]
