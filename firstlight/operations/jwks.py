"""The keys of a token issuer on a host: fetched once before they are needed, then by a timer."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.facts.jwks import JwksState, Keys
from firstlight.operations.commands import explained, script

SERVICE, TIMER = "firstlight-jwks.service", "firstlight-jwks.timer"

FETCH = r"""
systemctl daemon-reload
systemctl reset-failed "$1" 2>/dev/null
systemctl start "$1" 2>/dev/null && exit 0
# The program's own words; where it did not even run, systemd's.
grep . "$2" >&2 || journalctl -q -u "$1" -n 3 --no-pager -o cat >&2
exit 1
"""
TICK = 'systemctl daemon-reload; systemctl enable --quiet "$1" && systemctl restart "$1"'
RETIRE = r"""
systemctl disable --quiet --now "$2" 2>/dev/null
systemctl stop "$1" 2>/dev/null
rm -f -- "/etc/systemd/system/$1" "/etc/systemd/system/$2" "$3"
systemctl daemon-reload
"""


@operation()
def fetched(url: str, file: str, problem: str, mark: str) -> Generator[StringCommand, None, None]:
    """
    Have the issuer's keys on the host, and fetched again from time to time.

    + url: where they are
    + file: where they shall be
    + problem: file that says why they could not be fetched
    + mark: what stands beside keys that were fetched as they are to be now
    """
    have: Keys = host.get_fact(JwksState, file=file, service=SERVICE, timer=TIMER) or Keys()
    if have.mark == mark and have.ticking:
        host.noop(f"the keys of {url} are there")
        return
    if have.mark != mark:
        yield explained(
            script(FETCH, SERVICE, problem),
            FirstlightError(
                "the public keys of the tokens' issuer cannot be fetched",
                where=f"{host.name}, {url}",
                why="the reason stands above",
                fix="check edge.jwt.jwks_url, and jwks_ca if its server has a private CA; "
                "jwks_file needs no fetching",
            ),
        )
    yield script(TICK, TIMER)


@operation()
def retired(file: str) -> Generator[StringCommand, None, None]:
    """
    Fetch no keys any more.

    + file: where they were
    """
    have: Keys = host.get_fact(JwksState, file=file, service=SERVICE, timer=TIMER) or Keys()
    if not have.units:
        host.noop("no keys are fetched")
        return
    yield script(RETIRE, SERVICE, TIMER, file)
