"""daemon.json without what firstlight laid into it: other people's keys stay as they are now."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from typing import Any

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.facts.docker import Daemon, DockerDaemon
from firstlight.facts.files import Contents, PathStates
from firstlight.manifest import FOLDER
from firstlight.operations.commands import explained, script
from firstlight.operations.docker import CONFIG, LAID, merged, parsed, unreadable
from firstlight.operations.files import File, writing

ORIGINAL = f"{FOLDER}/originals{CONFIG}"
TAKEN = f"{FOLDER}/taken"
OWN = "/etc/firstlight"

# A configuration that dockerd refuses is not left behind where it shall go on running.
BACK = r"""
[ ! -e "$2" ] || cp -a -- "$2" "$1.firstlight-new" && mv -fT -- "$1.firstlight-new" "$1"
"""
RESTART = "systemctl reset-failed docker.service 2>/dev/null; systemctl restart docker.service"


def unlaid(
    current: Mapping[str, Any], laid: Mapping[str, Any], original: Mapping[str, Any]
) -> dict[str, Any]:
    """Return ``current`` without ``laid``: keys come back as they are in ``original``, or go.

    What has another value than was laid, somebody has changed since: it stays.
    """
    if current == merged(original, laid):
        return dict(original)
    result = dict(current)
    for key, ours in laid.items():
        value, before = current.get(key), original.get(key)
        if isinstance(value, Mapping) and isinstance(ours, Mapping):
            inner = unlaid(value, ours, before if isinstance(before, Mapping) else {})
            result[key] = inner
            if not inner and key not in original:
                del result[key]
        elif key in current and value == ours:
            result.pop(key)
            if key in original:
                result[key] = before
    return result


@operation()
def daemon_back(laid: Mapping[str, Any]) -> Generator[StringCommand, None, None]:
    """
    Take firstlight's keys out of dockerd's configuration.

    + laid: the keys of the settings, for a host that firstlight changed before it kept records
    """
    have: Daemon = host.get_fact(DockerDaemon) or Daemon()
    if have.config is None:
        host.noop("dockerd has no configuration")
        return
    texts: dict[str, str] = host.get_fact(Contents, paths=(LAID, ORIGINAL, TAKEN)) or {}
    ours = texts.get(LAID)
    if ours is None:
        # Somebody's own keys may be the same: they are ours only where firstlight is.
        is_here = OWN in (host.get_fact(PathStates, paths=(OWN,)) or {})
        if texts.get(TAKEN, "").startswith("first") or not is_here:
            host.noop("nothing of firstlight's was laid into dockerd's configuration")
            return
    try:
        current, original = parsed(have.config), parsed(texts.get(ORIGINAL))
        wanted = unlaid(current, laid if ours is None else parsed(ours), original)
    except ValueError as error:
        yield unreadable(error)
        return
    if wanted == current:
        host.noop("dockerd's configuration holds nothing of firstlight's")
        return
    if ORIGINAL in texts and wanted == original:
        yield script(BACK, CONFIG, ORIGINAL)
    elif wanted:
        yield writing([File(CONFIG, json.dumps(wanted, indent=2, sort_keys=True) + "\n")])
    else:
        yield script('rm -f -- "$1"', CONFIG)
    if have.active:
        yield explained(
            script(RESTART),
            FirstlightError(
                "dockerd does not start without firstlight's configuration",
                where=f"{host.name}: {CONFIG}",
                fix="see journalctl -u docker.service on the host, then run again",
            ),
        )
