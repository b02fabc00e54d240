"""Whether the nginx that runs is the one that is installed."""

from __future__ import annotations

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

# Its own file, its modules and the libraries under them: what a package replaced shows as deleted
# in the process that began before.
SCRIPT = r"""
pid=$(cat /run/nginx.pid 2>/dev/null) || exit 0
grep -Eo ' /(usr|lib)[^ ]* \(deleted\)$' "/proc/$pid/maps" 2>/dev/null | sed 's/^ //; s/ (deleted)$//' | sort -u
true
"""


class NginxReplaced(FactBase[list[str]]):
    """Return the files that the running nginx has in memory, and that are others on disk now."""

    default = list

    @override
    def command(self) -> StringCommand:
        return StringCommand("sh -c", QuoteString(SCRIPT))

    @override
    def process(self, output: list[str]) -> list[str]:
        return [line.strip() for line in output if line.strip()]
