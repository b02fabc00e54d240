"""A certificate that a host looks after itself: set up, begun, and seen."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from firstlight import adapter
from firstlight.edge.certificates import ASKED, FOLDER, MEASURING, METRIC, PROGRAM, RENEWING
from firstlight.errors import FirstlightError
from firstlight.facts.certificates import Certificate, CertificateState
from firstlight.operations.commands import explained, script
from firstlight.operations.files import (
    Directory,
    File,
    differing,
    show_differences,
    writing,
)

TIMERS = r"""
systemctl daemon-reload
for timer in "$@"; do systemctl enable --quiet "$timer" && systemctl restart "$timer" || exit 1; done
"""
# A unit is stopped before its file goes: systemd would not know it afterwards.
GONE = r"""
for path in "$@"; do
  case $path in *.timer) systemctl disable --quiet --now "${path##*/}" 2>/dev/null ;; esac
done
rm -rf -- "$@"; systemctl daemon-reload
"""
START = r"""
systemctl reset-failed "$1" 2>/dev/null
systemctl start "$1" && exit 0
id=$(systemctl show --value -p InvocationID "$1")
journalctl -q --no-pager -o cat -n 25 "_SYSTEMD_INVOCATION_ID=$id" >&2
exit 1
"""


def seen(place: str, timers: Sequence[str] = (), paths: Sequence[str] = ()) -> Certificate:
    """Return the certificate's state; of a host that could not say it nothing is as it shall be."""
    found: Certificate | None = host.get_fact(
        CertificateState,
        place=place,
        metric=METRIC,
        asked=ASKED,
        timers=tuple(timers),
        paths=tuple(paths),
    )
    return found or Certificate()


@operation()
def kept(
    items: Sequence[File | Directory],
    absent: Sequence[str],
    timers: Sequence[str],
    place: str,
    purpose: str,
) -> Generator[StringCommand, None, None]:
    """
    Have what looks after the certificate, and a certificate to begin with.

    + items: the program, its settings and units
    + absent: paths that shall not exist
    + timers: units that shall run
    + place: the host's folder for its certificates
    + purpose: what the certificate shall be made for; empty: any will do to begin with, and ``-``:
      the host makes none
    """
    have = seen(place, timers, [*[item.path for item in items], *absent])
    todo = differing(items, have.paths)
    stale = [path for path in absent if path in have.paths]
    down = [timer for timer in timers if timer not in have.up]
    begun = purpose == "-" or (have.purpose != "" if not purpose else not have.due(purpose))
    if not (todo or stale or down) and begun:
        host.noop("the certificate is looked after")
        return
    if adapter.wants_diff(state) and not adapter.is_executing(state):
        show_differences(todo)
    if stale:
        yield script(GONE, *stale)
    if todo:
        yield writing(todo)
    if not begun:
        yield explained(
            script('"$1" first "$2"', PROGRAM, FOLDER),
            FirstlightError(
                "the host could not make its certificate; the one that serves was left as it is",
                where=host.name,
                why="openssl's own words stand above",
                fix="check the clock of the host and of this machine",
            ),
        )
    # A unit's file may be new while the unit runs.
    if down or any(item.path.startswith("/etc/systemd/") for item in todo):
        yield script(TIMERS, *timers)


@operation()
def issued(place: str, purpose: str) -> Generator[StringCommand, None, None]:
    """
    Have the edge show a certificate of the ACME server, and the metric say what it shows.

    + place: the host's folder for its certificates
    + purpose: what the certificate shall be made for; empty: there is nothing to ask for
    """
    have = seen(place)
    if purpose and have.due(purpose):
        yield explained(
            script(START, f"{RENEWING}.service"),
            FirstlightError(
                "the ACME server gave no certificate; the edge serves on with the one it has",
                where=host.name,
                why="the client's own words stand above",
                fix="see docs/tls.md; rehearse with edge.tls.acme.staging, servers count failures",
            ),
        )
    elif not have.served:
        yield script('systemctl start "$1"', f"{MEASURING}.service")
    else:
        host.noop("the edge shows its certificate")


@operation()
def ended(paths: Sequence[str]) -> Generator[StringCommand, None, None]:
    """
    Have nothing left of what looked after a certificate.

    + paths: its files, folders and units
    """
    plain = [path.rstrip("/") for path in paths]
    there = [path for path in plain if path in seen("-", (), plain).paths]
    if not there:
        host.noop("nothing looks after a certificate")
        return
    yield script(GONE, *there)
