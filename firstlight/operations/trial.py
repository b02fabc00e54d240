"""A change that could cut the operator off: tried, confirmed over a new connection, else taken back.

pyinfra keeps one connection for a whole run, and what is established goes on through a firewall
that lets nobody new in: only a new connection shows whether the operator can still come.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Generator, Sequence

from pyinfra import host as current
from pyinfra.api import FunctionCommand, Host, QuoteString, State, StringCommand

from firstlight import adapter
from firstlight.errors import FirstlightError
from firstlight.operations.commands import explained, script
from firstlight.operations.files import REMOVE, Directory, File, writing
from firstlight.rendering import verbatim

PROGRAM = "/usr/local/lib/firstlight/trial"
UNIT = "/etc/systemd/system/firstlight-trials.service"
FOLDER = "/var/lib/firstlight/trials"
SECONDS = 30
# How long the way back may take beside what it waits for: its files, a reload, a new connection.
RETURN_SECONDS = 60
PAUSE_SECONDS = 0.5

Commands = Generator[StringCommand | FunctionCommand, None, None]


def tried(
    name: str,
    items: Sequence[File | Directory],
    *,
    apply: str,
    absent: Sequence[str] = (),
    check: str = "",
    revert: str = "",
    save: str = "",
    seconds: int = SECONDS,
) -> Commands:
    """Yield the commands that make a change and keep it only if a new connection can be made.

    ``items`` are written after ``check`` (as in `files`), ``absent`` are removed, then the shell
    text ``apply`` makes them count. Unless a new connection confirms it within ``seconds``, the
    host puts back what was there and runs ``revert`` (by default ``apply``), also after a power
    cut. ``save`` and ``revert`` run in the trial's folder: what one writes the other can read.
    """
    whose = secrets.token_hex(8)
    paths = [item.path for item in items if isinstance(item, File)]
    yield writing([File(PROGRAM, verbatim(PROGRAM[1:]), "755"), File(UNIT, verbatim(UNIT[1:]))])
    armed = script(
        'exec "$@"',
        PROGRAM,
        "arm",
        name,
        whose,
        str(seconds),
        save,
        revert or apply,
        *paths,
        *absent,
    )
    yield explained(armed, refused(name, "the way back could not be prepared"))
    if items:
        yield step(name, whose, writing(items, check))
    if absent:
        yield step(name, whose, script(REMOVE, *absent))
    last = script('exec "$@"', PROGRAM, "apply", name, whose, str(seconds), apply)
    yield explained(last, refused(name, "its own words stand above"))
    yield FunctionCommand(confirm, (name, whose, seconds), {})


def step(name: str, whose: str, command: StringCommand) -> StringCommand:
    """Return ``command`` as a step of the trial ``name``: when it fails, all of it is taken back."""
    return explained(
        StringCommand(
            "{",
            *(PROGRAM, "within", QuoteString(name), whose),
            command,
            "; } || { rc=$?;",
            *(PROGRAM, "revert", QuoteString(name)),
            ">&2; exit $rc; }",
            **command.connector_arguments,
        ),
        refused(name, "its own words stand above"),
    )


def refused(name: str, why: str) -> FirstlightError:
    """Return the error of a change that did not get as far as being tried."""
    return FirstlightError(
        f"the change of {name} was not made; the state of before is in place",
        where=current.name,
        why=why,
        fix=f"what is kept of it stands in {FOLDER}/{name} on the host",
    )


def confirm(state: State, host: Host, name: str, whose: str, seconds: int) -> bool:
    """Confirm the trial ``name`` over a new connection; else wait until the host took it back."""
    end, heard = time.monotonic() + seconds, "no new SSH connection could be made"
    if adapter.is_here(host):
        adapter.say(
            f"{host.name}: WARNING: {name} is not tried: there is no SSH connection to lose"
        )
    asked = StringCommand(PROGRAM, "confirm", QuoteString(name), whose)
    while (left := end - time.monotonic()) > 0:
        if not (adapter.is_here(host) or adapter.reconnect(host, max(1, min(30, int(left))))):
            time.sleep(PAUSE_SECONDS)
            continue
        answer = adapter.command(host, asked)
        if answer is None:
            heard = "a new connection came, but no command ran over it"
            continue
        if answer[0]:
            return True
        heard = f"a new connection came, but the change could not be confirmed: {answer[1]}"
        break
    adapter.complain(host, locked_out(host, name, heard, returned(host, name)))
    return False


def returned(host: Host, name: str) -> bool:
    """Wait until the host can be reached again and says that the state of before is back."""
    end = time.monotonic() + RETURN_SECONDS
    asked = StringCommand("test", "-e", f"{FOLDER}/{name}/reverted")
    while time.monotonic() < end:
        if adapter.is_here(host) or adapter.reconnect(host, 5):
            answer = adapter.command(host, asked)
            if answer is not None and answer[0]:
                return True
        time.sleep(PAUSE_SECONDS)
    return False


def locked_out(host: Host, name: str, why: str, back: bool) -> FirstlightError:
    """Return the error of a change that would have cut the operator off."""
    if back:
        return FirstlightError(
            f"the change of {name} would have locked you out; the state of before is back",
            where=host.name,
            why=why,
            fix=f"see the settings of {name}; what runs is what ran before this change",
        )
    return FirstlightError(
        f"the change of {name} was not confirmed, and the host does not answer",
        where=host.name,
        why=f"{why}; {RETURN_SECONDS} s later it could not be asked either",
        fix=f"on its console: {PROGRAM} revert {name}; a reboot puts the state of before back too",
    )
