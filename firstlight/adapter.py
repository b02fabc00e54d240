"""The one module that touches pyinfra's internals (pyinfra >=3.10,<4).

Everything else uses the public names of ``pyinfra``, ``pyinfra.api`` and its facts and
operations, so that a change inside pyinfra is mended here and nowhere else.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
import gevent
import pyinfra
from paramiko import SSHException
from pyinfra import host, logger
from pyinfra.api import Host, Inventory, QuoteString, State, StringCommand
from pyinfra.api.arguments import CONNECTOR_ARGUMENT_KEYS, pop_global_arguments
from pyinfra.api.exceptions import PyinfraError
from pyinfra.context import ctx_state

from firstlight import order
from firstlight.errors import FirstlightError

order.install()  # every deploy comes by here before its first operation

Item = TypeVar("Item")
HostData = dict[str, tuple[Mapping[str, object], tuple[str, ...]]]


def refuse(error: FirstlightError) -> NoReturn:
    """End the run before any change, with ``error`` as its text and no traceback.

    pyinfra prints a traceback for every exception of deploy code but its own.
    """
    raise PyinfraError(f"refused, nothing was changed.\n{error}") from None


def inventory_data(inventory: Inventory) -> HostData:
    """Return every host of the inventory (also those outside ``--limit``): data and groups."""
    return {
        each.name: (each.data.dict(), tuple(sorted(each.groups)))  # type: ignore[no-untyped-call]
        for each in inventory
    }


def project_root(state: State) -> Path:
    """Return the folder that relative paths of an inventory start from: where pyinfra runs."""
    return Path(state.cwd) if state.cwd else Path.cwd()


def inventory_file() -> Path | None:
    """Return the inventory's file as it stands on pyinfra's command line.

    None where hosts are named instead (``@local``, ``a,b``), and where pyinfra's command line is
    not what runs. pyinfra keeps the path nowhere, so its own command reads the words again.
    """
    command_line = sys.modules.get("pyinfra_cli.cli")
    if not pyinfra.is_cli or command_line is None:
        return None
    words = command_line.cli.make_context("pyinfra", sys.argv[1:], resilient_parsing=True)
    name = words.params.get("inventory")
    return Path(name) if name and Path(name).is_file() else None


def hosts_asked(state: State) -> tuple[str, ...]:
    """Return the names of the hosts that this run is about: those of ``--limit``, else all."""
    limited = state.limit_hosts if isinstance(state.limit_hosts, list) else None
    return tuple(each.name for each in (limited if limited is not None else state.inventory))


def current_run() -> object:
    """Return the object that stands for this run, to remember something for its length.

    ``pyinfra.state`` itself is a proxy and stays the same from run to run.
    """
    return ctx_state.get()  # type: ignore[no-untyped-call]


def is_executing(state: State) -> bool:
    """Tell whether operations run now; False while the run is only being planned."""
    return bool(state.is_executing)


def wants_diff(state: State) -> bool:
    """Tell whether the operator asked for ``--diff``."""
    return bool(state.config.DIFF)


def in_order(items: Iterable[Item]) -> Iterator[Item]:
    """Iterate so that pyinfra orders the operations inside alike on hosts whose lists differ."""
    yield from host.loop(items)  # type: ignore[no-untyped-call]


def say(text: str) -> None:
    """Show ``text`` to the operator, on stderr like all of pyinfra's progress."""
    for line in text.splitlines():
        logger.info(line)


def show(text: str) -> None:
    """Give the operator what was asked for, on stdout."""
    click.echo(text)


def process_started() -> float:
    """Return when this process was started, as a Unix time in seconds."""
    ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return time.time() - (uptime - ticks / os.sysconf("SC_CLK_TCK"))


def ask(host: Host, path: str, seconds: int = 10) -> str | None:
    """Return the text of ``path`` on ``host``, asked past pyinfra's facts: None if it is silent.

    A fact that fails takes its host out of the run, and a host that reboots is silent for a while.
    """
    try:
        with gevent.Timeout(seconds):
            done, output = host.connector.run_shell_command(
                StringCommand("cat", QuoteString(path)), print_output=False, print_input=False
            )
    except (gevent.Timeout, OSError, EOFError, SSHException, PyinfraError):
        return None
    return output.stdout.strip() if done else None


def rights(host: Host) -> dict[str, Any]:
    """Return what the inventory says of how commands run on ``host`` (``_sudo`` and the like)."""
    given, _ = pop_global_arguments(host.state, host, {})
    return {key: value for key, value in given.items() if key in CONNECTOR_ARGUMENT_KEYS}


def command(host: Host, asked: StringCommand, seconds: int = 10) -> tuple[bool, str] | None:
    """Run ``asked`` as the current operation runs its commands: whether it succeeded, what it said.

    None where the host is silent: unlike an operation's command it does not take the host out.
    """
    given = dict(host.current_op_global_arguments or {})
    rights: Any = {key: value for key, value in given.items() if key in CONNECTOR_ARGUMENT_KEYS}
    try:
        with gevent.Timeout(seconds):
            done, output = host.connector.run_shell_command(
                asked, print_output=False, print_input=False, **rights
            )
    except (gevent.Timeout, OSError, EOFError, SSHException, PyinfraError):
        return None
    return done, output.output.strip()


def host_key(host: Host) -> str:
    """Return the kind of key by which ``host`` was known (``ssh-ed25519``); empty without SSH."""
    client = getattr(host.connector, "client", None)
    transport = client.get_transport() if client is not None else None
    return str(transport.get_remote_server_key().get_name()) if transport is not None else ""


def forget(host: Host) -> None:
    """Close what is left of a connection, so that another can be made."""
    client = getattr(host.connector, "client", None)
    if client is not None:
        client.close()  # disconnecting in pyinfra's sense leaves the transport open
    asked = host.connector_data.get("prompted_sudo_password")
    host.connector_data.clear()  # what it names (files for sudo) is gone
    if asked:  # nobody is asked again in the middle of a change that waits for this connection
        host.connector_data["prompted_sudo_password"] = asked
    host.connected = False


def reconnect(host: Host, seconds: int = 20) -> bool:
    """Give ``host`` a new connection: pyinfra itself never opens a second one."""
    forget(host)
    try:
        with gevent.Timeout(seconds):
            host.connector.disconnect()
            host.connector.connect()
    except (gevent.Timeout, OSError, EOFError, SSHException, PyinfraError):
        return False
    host.connected = True
    return True


def complain(host: Host, error: FirstlightError) -> None:
    """Show ``error`` as pyinfra shows what a failing command printed."""
    for line in str(error).splitlines():
        logger.error(f"{host.print_prefix}{line}")


def agreed(question: str) -> bool:
    """Ask the operator; False where nobody is there to answer."""
    return sys.stdin.isatty() and click.confirm(question, default=False, err=True)


def is_here(host: Host) -> bool:
    """Tell whether the host is the control machine itself (``@local``)."""
    return str(host.name).startswith("@local")
