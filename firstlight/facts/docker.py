"""The Docker daemon's configuration and state, in one round trip."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

# "stale" compares the daemon's start with the configuration's last change: that stays true
# however a run between the two was cut off. It is also true while the configuration before lies
# there: then a change was cut off that may have to be taken back.
DAEMON = r"""
c=/etc/docker/daemon.json
[ -f "$c" ] && echo "config=$(base64 -w0 "$c")"
echo "active=$(systemctl is-active docker.service 2>/dev/null)"
echo "enabled=$(systemctl is-enabled docker.service 2>/dev/null)"
since=$(systemctl show -p ExecMainStartTimestamp --value docker.service 2>/dev/null)
if [ -f "$c" ] && [ -n "$since" ] && [ "$(date -d "$since" +%s)" -lt "$(stat -c %Y "$c")" ]; then echo stale=yes; fi
[ -e "$c.firstlight-before" ] && echo stale=yes
true
"""


@dataclass(frozen=True)
class Daemon:
    """``config`` is daemon.json's text (None: there is none); ``stale``: changed since start."""

    config: str | None = None
    active: bool = False
    enabled: bool = False
    stale: bool = False


class DockerDaemon(FactBase[Daemon]):
    """Return the :class:`Daemon` state."""

    default = Daemon

    @override
    def command(self) -> StringCommand:
        return StringCommand("sh -c", QuoteString(DAEMON))

    @override
    def process(self, output: list[str]) -> Daemon:
        values = dict(line.partition("=")[::2] for line in output)
        config = values.get("config")
        return Daemon(
            config=None if config is None else text_of(config),
            active=values.get("active") == "active",
            enabled=values.get("enabled") == "enabled",
            stale=values.get("stale") == "yes",
        )


def text_of(encoded: str) -> str:
    """Return the text in base64 ``encoded``; what is no UTF-8 gives a text that is no JSON."""
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except ValueError as error:
        return f"not a text: {error}"


class ImagesPresent(FactBase[frozenset[str]]):
    """Return those of the image ``references`` that the host has."""

    default = frozenset

    @override
    def command(self, references: tuple[str, ...]) -> StringCommand:
        text = (
            "command -v docker >/dev/null 2>&1 || exit 0; "
            'for i in "$@"; do docker image inspect "$i" >/dev/null 2>&1 && echo "$i"; done; true'
        )
        return StringCommand(
            "sh -c", QuoteString(text), "images", *[QuoteString(ref) for ref in references]
        )

    @override
    def process(self, output: list[str]) -> frozenset[str]:
        return frozenset(line.strip() for line in output)
