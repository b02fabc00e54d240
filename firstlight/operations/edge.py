"""A release of the edge made current: tested first, switched by one rename, seen running."""

from __future__ import annotations

from collections.abc import Callable, Generator

from pyinfra import host
from pyinfra import state as host_state
from pyinfra.api import StringCommand, operation

from firstlight import adapter
from firstlight.edge.fresh import FreshRelease
from firstlight.edge.gates import FOLDER as GATES
from firstlight.edge.release import BASE, CURRENT, RELEASES, SOCKET, Release
from firstlight.errors import FirstlightError
from firstlight.facts.edge import Edge, EdgeState
from firstlight.operations.commands import explained, failure, script
from firstlight.operations.edge_scripts import ENDED, RETURN, SWITCH, TEST
from firstlight.operations.files import Directory, File, writing
from firstlight.secret import Secret

DROP_IN = "/etc/systemd/system/nginx.service.d/firstlight.conf"
WORKERS = "www-data"
"""Group of nginx's workers, who may look into a release for what they send."""

ROUNDS = 5
"""How often one run switches, where keys change each time while it does."""


def items(release: Release) -> list[File | Directory]:
    """Return the release's folder and files: private to root, who reads them for nginx."""
    return [
        Directory(RELEASES, "750", group=WORKERS),
        Directory(release.folder, "750", group=WORKERS),
        *[
            File(f"{release.folder}/{name}", text, mode_of(name, text))
            for name, text in sorted(release.files.items())
        ],
    ]


def mode_of(name: str, text: str | Secret) -> str:
    """Return the mode of a release's file: workers send what is JSON, the rest is root's."""
    if isinstance(text, Secret):
        return "600"
    return "644" if name.endswith(".json") else "640"


@operation()
def released(
    release: FreshRelease, probe: Callable[[], None] | None = None
) -> Generator[StringCommand, None, None]:
    """
    Have nginx serve this release of the edge's configuration.

    It is made when its turn comes, and once more when it serves: a key that was revoked meanwhile
    must not come back with a run that began before.

    + release: makes the files and their common name
    + probe: looks at it from outside, and raises FirstlightError where it must not stay
    """
    mine, moved = "", False
    for _ in range(ROUNDS):
        try:
            wanted = release.made()
        except FirstlightError as error:  # a file of the control machine was changed meanwhile
            yield failure(error)
            return
        if wanted.name == mine:
            break
        state = looked_at(wanted)
        if serves(state, wanted):
            if mine:  # another run made it current, and had read the same keys
                break
            host.noop(f"release {wanted.name} is serving")
            return
        if not state.written:
            yield writing(items(wanted))
            yield testing(wanted)
        yield switching(wanted, mine)
        mine, moved = wanted.name, moved or state.current != wanted.name
    else:
        yield failure(restless())
        return
    if probe is not None and adapter.is_executing(host_state):
        try:
            probe()
        except FirstlightError as error:
            yield returning(mine, error) if moved else failure(error)


def looked_at(release: Release) -> Edge:
    """Return the state of the host's nginx, seen from ``release``."""
    seen: Edge | None = host.get_fact(
        EdgeState,
        current=CURRENT,
        socket=SOCKET,
        folder=release.folder,
        digest=release.digest,
        files=tuple(sorted(release.files)),
    )
    return seen or Edge()


def serves(state: Edge, release: Release) -> bool:
    """Tell whether ``release`` is what nginx serves, and will after a reboot."""
    running = state.running == release.name and state.active and state.written
    return running and state.current == release.name and state.enabled and not state.reload_needed


def testing(release: Release) -> StringCommand:
    """Return the command with which nginx itself looks at ``release`` where it stands."""
    return explained(
        script(TEST, release.folder, CURRENT, GATES, WORKERS),
        FirstlightError(
            "nginx refuses the new configuration; the running one was left as it is",
            where=host.name,
            why="nginx's own words stand above",
            fix="check the edge settings in the inventory",
        ),
    )


def switching(release: Release, mine: str) -> StringCommand:
    """Return the command that makes ``release`` current, after ``mine`` of the same run if any."""
    busy = FirstlightError(
        "nginx was left as it is",
        where=host.name,
        why="another run has been switching it for 120 s",
        fix="run this again when that one has ended; fuser -v /run/firstlight/edge.lock on the host",
    )
    others = FirstlightError(
        "nginx does not serve this run's configuration; what is current was left as it is",
        where=host.name,
        why="something else was made current meanwhile, as said above",
        fix="run this again",
    )
    refused = FirstlightError(
        "nginx did not take the new configuration; the one before is current again",
        where=host.name,
        why="the unit's last words stand above",
        fix="journalctl -u nginx.service and /var/log/nginx/error.log on the host",
    )
    said = (str(busy), str(others), str(refused))
    return script(
        SWITCH, release.folder, CURRENT, SOCKET, *said, f"{RELEASES}/{mine}" if mine else ""
    )


def returning(mine: str, error: FirstlightError) -> StringCommand:
    """Return the command that ends with ``error``, and with what was before ``mine`` serving.

    Where another run has made its own release current meanwhile, that one stays.
    """

    def ending(what: str) -> str:
        return str(FirstlightError(what, where=error.where, why=error.why, fix=error.fix))

    busy = ending(f"{error.what}; it was not taken back: another run has been switching for 120 s")
    others = ending(f"{error.what}; nothing was taken back: another run's release is current")
    returned = ending(f"{error.what}; the one before serves again")
    said = (busy, others, returned, str(error))
    return script(RETURN, f"{RELEASES}/{mine}", CURRENT, SOCKET, *said)


def restless() -> FirstlightError:
    """Return the error for keys that change faster than nginx takes them."""
    return FirstlightError(
        f"the API keys changed {ROUNDS} times while nginx was told of them",
        where=host.name,
        why="each time it was switched, the files of the control machine said something else",
        fix="run this again when nothing changes them: firstlight keys apply INVENTORY",
    )


@operation()
def ended() -> Generator[StringCommand, None, None]:
    """
    Have nginx serve nothing of ours any more: the host has neither an edge nor gates.
    """
    state: Edge = host.get_fact(EdgeState, current=CURRENT, socket=SOCKET) or Edge()
    if not state.current:
        host.noop("nginx serves nothing of firstlight's")
        return
    yield script(ENDED, BASE, DROP_IN)
