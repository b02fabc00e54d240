"""A system account without a login, for a program of ours to run as."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.facts.accounts import AccountExists
from firstlight.operations.commands import script


@operation()
def system_account(user: str) -> Generator[StringCommand, None, None]:
    """
    Have a system account with a group of the same name, no home and no login.

    + user: its name
    """
    if host.get_fact(AccountExists, user=user):
        host.noop(f"the account {user} exists")
        return
    yield script(
        "useradd --system --user-group --no-create-home --home-dir /nonexistent "
        '--shell /usr/sbin/nologin "$1"',
        user,
    )
