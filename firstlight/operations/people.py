"""oauth2-proxy on a host: running with what it shall go by, or gone."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.facts.people import SignIn, SignInState
from firstlight.operations.commands import explained, script

UNIT = "firstlight-oauth2-proxy.service"
LABEL = "firstlight.spec"

START = r"""
systemctl daemon-reload; systemctl reset-failed "$1" 2>/dev/null
systemctl enable --quiet "$1" && systemctl restart "$1" && exit 0
journalctl -q -u "$1" -n 8 --no-pager -o cat >&2; exit 1
"""
RETIRE = r"""
systemctl disable --quiet --now "$1" 2>/dev/null
rm -f -- "/etc/systemd/system/$1"; rm -rf -- /etc/firstlight/people
systemctl daemon-reload
"""


@operation()
def serving(container: str, spec: str) -> Generator[StringCommand, None, None]:
    """
    Have oauth2-proxy answer.

    + container: its container's name
    + spec: what the container is to be made of
    """
    facts = {"unit": UNIT, "container": container, "label": LABEL}
    have: SignIn = host.get_fact(SignInState, **facts) or SignIn()
    if have.active and have.spec == spec:
        host.noop("oauth2-proxy answers")
        return
    yield explained(
        script(START, UNIT),
        FirstlightError(
            "oauth2-proxy does not answer",
            where=host.name,
            why="its last words stand above",
            fix="check edge.people: the issuer has to be reachable from the host",
        ),
    )


@operation()
def retired(container: str) -> Generator[StringCommand, None, None]:
    """
    Have no oauth2-proxy.

    + container: its container's name
    """
    facts = {"unit": UNIT, "container": container, "label": LABEL}
    have: SignIn = host.get_fact(SignInState, **facts) or SignIn()
    if not have.there:
        host.noop("nobody is asked to sign in")
        return
    yield script(RETIRE, UNIT)
