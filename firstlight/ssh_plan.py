"""What a host's sshd is, and whether it may be made what the settings want."""

from __future__ import annotations

from pyinfra import host

from firstlight import adapter
from firstlight.catalogue import System
from firstlight.catalogue.ssh import ssh_row
from firstlight.errors import FirstlightError
from firstlight.facts.ssh import SshConfiguration, SshState
from firstlight.settings import HostSettings
from firstlight.ssh.lines import keywords
from firstlight.ssh.obstacles import obstacles, remarks


def ssh_state(settings: HostSettings, system: System) -> SshState:
    """Read the current host's sshd. Raises one error that says all that stands against a change."""
    if not settings.ssh.enabled:
        return SshState()
    row = ssh_row(system)
    state: SshState = host.get_fact(
        SshConfiguration, keywords=keywords(settings, row), users=settings.ssh.users
    )
    found = list(obstacles(settings, row, state, adapter.host_key(host)))
    if found:
        raise FirstlightError("\n".join(str(error) for error in found))
    for remark in remarks(settings, row, state):
        adapter.say(f"{settings.name}: WARNING: {remark}")
    return state
