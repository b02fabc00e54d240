"""Ports of other hosts, seen from a host."""

from __future__ import annotations

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

from firstlight.audit.scan import PROGRAM

# The program comes in by the shell's own input: it is never a file there. The limit of open files
# is raised by the shell, because Debian's minimal Python cannot.
RUN = r"""
ulimit -n "$(ulimit -Hn)"
exec python3 - "$1" <<'PROGRAM'
"""


class PortsFrom(FactBase[str]):
    """Return, as JSON, which ports of ``request`` answer the host that is asked."""

    default = str

    @override
    def command(self, request: str) -> StringCommand:
        text = f"{RUN.strip()}\n{PROGRAM.read_text()}\nPROGRAM\n"
        return StringCommand("sh -c", QuoteString(text), "scan", QuoteString(request))

    @override
    def process(self, output: list[str]) -> str:
        return output[-1] if output else ""
