"""Units handed a systemd credential that the host has already: firstlight never sees it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.facts.credentials import Held, HeldCredentials
from firstlight.facts.files import PathState, PathStates
from firstlight.operations.commands import failure, script
from firstlight.operations.files import File, differing, writing

UNITS = "/etc/systemd/system"


def drop_in(unit: str) -> str:
    """Return the path of the file that hands ``unit`` its credential."""
    return f"{UNITS}/{unit}.d/credential.conf"


def text(credentials: Iterable[Held]) -> str:
    """Return what hands a unit the credentials, each under its own name, beside its others."""
    lines = ["[Service]"]
    for held in credentials:
        encrypted = "Encrypted" if held.encrypted else ""
        lines.append(f"LoadCredential{encrypted}={held.path.rpartition('/')[2]}:{held.path}")
    return "\n".join(lines) + "\n"


def missing(name: str, where: str) -> FirstlightError:
    """Return the error of a host that lacks the credential ``name``."""
    path = f"/etc/credstore.encrypted/{name}"
    return FirstlightError(
        f"the systemd credential {name} is not on the host",
        where=where,
        why=f"neither {path} nor /etc/credstore/{name} is a file",
        fix=f"on the host, as root: systemd-creds encrypt --name={name} - {path}",
    )


@operation()
def handed(units: Mapping[str, Sequence[str]]) -> Generator[StringCommand, None, None]:
    """
    Have units load credentials from the host's store.

    + units: the credentials' names, by the unit that is to load them
    """
    names = sorted({name for each in units.values() for name in each})
    held: dict[str, Held] = host.get_fact(HeldCredentials, names=names) or {}
    absent = [name for name in names if name not in held]
    if absent:
        yield failure(missing(absent[0], host.name))
        return
    items = [
        File(drop_in(unit), text([held[name] for name in each])) for unit, each in units.items()
    ]
    have: dict[str, PathState] = (
        host.get_fact(PathStates, paths=tuple(item.path for item in items)) or {}
    )
    todo = differing(items, have)
    if not todo:
        host.noop(f"{len(units)} units load their credentials from the host's store")
        return
    yield writing(todo)
    yield script("systemctl daemon-reload")
