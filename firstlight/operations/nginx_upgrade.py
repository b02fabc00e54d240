"""An nginx that its packages replaced, running: handed over to, so that no stream is cut."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.facts.nginx import NginxReplaced
from firstlight.operations.commands import explained, script

# The unit's reload hands over where that is needed. An earlier handover whose streams are still
# open holds this one back: then the next run, or the next reload, comes to it.
HAND_OVER = r"""
systemctl is-active --quiet nginx.service || exit 0
before=$(cat /run/nginx.pid); systemctl reload nginx.service || { journalctl -q -u nginx.service -n 8 --no-pager -o cat >&2; exit 1; }
[ "$(cat /run/nginx.pid)" != "$before" ] || echo "an earlier handover still has open streams; the next reload hands over again"
"""


@operation()
def installed_runs() -> Generator[StringCommand, None, None]:
    """Have nginx run as it is installed now, with its modules and libraries."""
    replaced: list[str] = host.get_fact(NginxReplaced) or []
    if not replaced:
        host.noop("nginx runs as it is installed")
        return
    yield explained(
        script(HAND_OVER),
        FirstlightError(
            "nginx did not hand over to the one that is installed now; it serves on as it was",
            where=host.name,
            why=f"replaced since it began: {' '.join(replaced[:4])}",
            fix="journalctl -u nginx.service on the host",
        ),
    )
