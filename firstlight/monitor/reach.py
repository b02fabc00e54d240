"""Runs a program on a host outside of any run of pyinfra, over the connection that it has."""

from __future__ import annotations

import gevent
from paramiko import SSHException
from pyinfra.api import Host, StringCommand
from pyinfra.api.exceptions import PyinfraError

from firstlight import adapter
from firstlight.errors import FirstlightError


def piped(host: Host, program: str, stdin: str, seconds: int, *, own: bool = True) -> str:
    """Run ``program`` with ``stdin`` and the rights that the inventory gives; return its stdout.

    A connection is made where there is none, and stays. After ``seconds`` it is given up, and the
    connection closed unless it is not our ``own``. Raises :class:`FirstlightError`.
    """
    what, fix = "the host is not reached", f"pyinfra INVENTORY --limit {host.name} exec -- true"
    try:
        with gevent.Timeout(seconds):
            host.connect(show_errors=False, raise_exceptions=True)
            what = "the host does not do what it is asked"
            done, output = host.run_shell_command(
                StringCommand(program), **{**adapter.rights(host), "_stdin": stdin}
            )
    except (gevent.Timeout, OSError, EOFError, SSHException, PyinfraError) as error:
        if own:
            adapter.forget(host)  # a later call begins with a new connection
        slow = isinstance(error, gevent.Timeout)
        why = f"no answer in {seconds} s" if slow else str(error) or type(error).__name__
        raise FirstlightError(what, where=host.name, why=why, fix=fix) from None
    if not done:
        why = output.output.strip()[-600:]
        raise FirstlightError(what, where=host.name, why=why, fix=fix)
    return str(output.stdout)
