"""A system account without a login, for a program of ours to run as."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.facts.accounts import AccountExists
from firstlight.manifest import recorded
from firstlight.operations.commands import script

# Another run may have been faster, and one that was cut off may have left the group alone.
ACCOUNT = recorded(
    r"""
getent passwd "$1" >/dev/null && exit 0
noted "account $1"
group=--user-group; getent group "$1" >/dev/null && group="--gid $1"
useradd --system $group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$1"
"""
)


@operation()
def system_account(user: str) -> Generator[StringCommand, None, None]:
    """
    Have a system account with a group of the same name, no home and no login.

    + user: its name
    """
    if host.get_fact(AccountExists, user=user):
        host.noop(f"the account {user} exists")
        return
    yield script(ACCOUNT, user)
