"""The Docker daemon configured without losing what others configured, and images by digest."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.facts.docker import Daemon, DockerDaemon, ImagesPresent
from firstlight.facts.files import Contents
from firstlight.manifest import FOLDER, recorded
from firstlight.operations.commands import explained, failure, script
from firstlight.operations.files import File, writing

CONFIG = "/etc/docker/daemon.json"
# The configuration before ours, there only until dockerd has taken the new one; empty where
# there was none.
BEFORE = f"{CONFIG}.firstlight-before"
LAID = f"{FOLDER}/daemon.json"
"""Every key that was ever laid over it, for an uninstallation to take out again."""
PULL_TIMEOUT_SECONDS = 3 * 3600


# "dockerd --validate" does not see everything (log options that the driver does not know), and
# a daemon that does not start takes every container with it: the configuration before is kept
# until the new one runs.
CHECK = f"""
dockerd --validate --config-file 0
[ ! -e {BEFORE} ] || exit 0
if [ -f {CONFIG} ]; then cp -p {CONFIG} {BEFORE}.new; else : >{BEFORE}.new; fi
mv -f {BEFORE}.new {BEFORE}
"""
RESTART = r"""
restart() { systemctl reset-failed docker.service docker.socket 2>/dev/null; systemctl restart docker.service; }
systemctl enable --quiet docker.service
restart 2>/dev/null && { rm -f "$2"; exit 0; }
journalctl -q -u docker.service -n 40 --no-pager -o cat | grep -v '^docker.service' | tail -n 5 >&2
if [ -s "$2" ]; then mv -f "$2" "$1"; restart; elif [ -e "$2" ]; then rm -f "$1" "$2"; restart; fi
exit 1
"""
PULL = recorded('noted "image $2"; timeout "$1" docker pull --quiet "$2"')


def merged(base: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``ours`` laid over it; tables are merged key by key.

    Log options belong to their driver: with another driver those of ``base`` are dropped.
    """
    result = dict(base)
    if ours.get("log-driver", base.get("log-driver")) != base.get("log-driver"):
        result.pop("log-opts", None)
    for key, value in ours.items():
        old = result.get(key)
        both_tables = isinstance(old, Mapping) and isinstance(value, Mapping)
        result[key] = merged(old, value) if both_tables else value  # type: ignore[arg-type]
    return result


def parsed(text: str | None) -> dict[str, Any]:
    """Read daemon.json's ``text``; raise ValueError when it is no JSON object."""
    config = json.loads(text) if text and text.strip() else {}
    if not isinstance(config, dict):
        raise ValueError("it is not a JSON object")
    return config


def laid(config: Mapping[str, Any]) -> str:
    """Return as JSON what is laid over the configuration now, and what ever was before."""
    texts: dict[str, str] = host.get_fact(Contents, paths=(LAID,)) or {}
    try:
        before = parsed(texts.get(LAID))
    except ValueError:
        before = {}
    return json.dumps(merged(before, config), indent=1, sort_keys=True) + "\n"


def unreadable(error: ValueError) -> StringCommand:
    """Return a command that fails: daemon.json is not what dockerd could have read."""
    return failure(
        FirstlightError(
            "the Docker daemon's configuration cannot be read",
            where=f"{host.name}: {CONFIG}",
            why=str(error),
            fix=f"mend or remove {CONFIG} on the host; it was left as it is",
        )
    )


@operation()
def daemon(config: Mapping[str, Any]) -> Generator[StringCommand, None, None]:
    """
    Configure dockerd and have it running; restarted only when its configuration changed.

    + config: keys laid over the host's own daemon.json
    """
    have: Daemon = host.get_fact(DockerDaemon) or Daemon()
    try:
        current = parsed(have.config)
    except ValueError as error:
        yield unreadable(error)
        return
    wanted = merged(current, config)
    changes = wanted != current
    if not changes and have.active and have.enabled and not have.stale:
        host.noop("dockerd runs with this configuration")
        return
    if changes:
        text = json.dumps(wanted, indent=2, sort_keys=True) + "\n"
        yield explained(
            writing([File(CONFIG, text), File(LAID, laid(config), "600")], check=CHECK),
            FirstlightError(
                "dockerd refuses the new configuration; the old one is in place",
                where=f"{host.name}: {CONFIG}",
                fix="see docker.daemon in the inventory",
            ),
        )
    yield explained(
        script(RESTART, CONFIG, BEFORE),
        FirstlightError(
            "dockerd does not start; a configuration that was new is taken back",
            where=f"{host.name}: {CONFIG}",
            why="its last words stand above",
            fix="see docker.daemon in the inventory, and journalctl -u docker.service on the host",
        ),
    )


@operation()
def images(references: Sequence[str]) -> Generator[StringCommand, None, None]:
    """
    Pull images by digest.

    + references: ``name@sha256:…``
    """
    present = host.get_fact(ImagesPresent, references=tuple(references)) or frozenset()
    absent = [reference for reference in references if reference not in present]
    if not absent:
        host.noop(f"{len(references)} images are present")
        return
    for reference in absent:
        yield explained(
            script(PULL, str(PULL_TIMEOUT_SECONDS), reference),
            FirstlightError(
                "the engine's image could not be pulled; what ran before still runs",
                where=f"{host.name}: {reference}",
                why="docker's own words stand above",
                fix="see that the digest exists in the registry (skopeo inspect) and that the "
                "host reaches it; a private registry's CA goes to docker.registries",
            ),
        )
