"""Ssh: keys only, by modern algorithms, and nobody locked out.

Owns one file that sshd reads before the system's own ones. Everything else of sshd stays as it
is: its port, its host keys (they are in people's known_hosts), the files with users' keys.
"""

from __future__ import annotations

from pyinfra.api.deploy import deploy

from firstlight.catalogue import System
from firstlight.catalogue.ssh import ssh_row
from firstlight.facts.ssh import DROP_IN, SshState
from firstlight.operations import ssh as operations
from firstlight.rendering import render
from firstlight.settings import HostSettings
from firstlight.ssh.lines import wanted
from roles.owned import Owned

OWNS = Owned(files=(DROP_IN,))


@deploy("Ssh")
def ssh(settings: HostSettings, system: System, state: SshState) -> None:
    """Configure sshd as far as its controls are on; ``state`` is what the plan read of it."""
    row, seconds = ssh_row(system), settings.firewall.confirm_seconds
    if not settings.ssh.enabled:
        operations.retired(name="Leave SSH alone", unit=row.unit, seconds=seconds)
        return
    if not state.version:  # a workstation may have no sshd at all
        return

    # configure
    groups = wanted(settings, row, state)
    operations.configured(
        name="Let keys in, and nothing else",
        text=render(DROP_IN[1:], groups=groups),
        lines=[line for group in groups for line in group.lines],
        users=list(dict.fromkeys(("root", *filter(None, (state.login,)), *settings.ssh.users))),
        unit=row.unit,
        seconds=seconds,
    )
