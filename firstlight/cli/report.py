"""``firstlight report``: one page about a stretch of time."""

from __future__ import annotations

import contextlib
import tempfile
import time
from pathlib import Path

import click

from firstlight.cli.audit import Inventory, Report
from firstlight.cli.span import span
from firstlight.errors import FirstlightError
from firstlight.monitor.asking import Session
from firstlight.report.command import report as made
from firstlight.report.command import slowest
from firstlight.report.page import page
from firstlight.report.period import Period, moment, period, shown
from firstlight.status import text

LAST = "24h"


@click.command()
@click.argument("inventory", type=Inventory())
@click.option("--last", metavar="TIME", help=f"So long until now: 90m, 24h, 30d ({LAST}).")
@click.option("--from", "start", metavar="TIME", help="Since then: ISO 8601, in UTC.")
@click.option("--to", "end", metavar="TIME", help="Until then; now, where it is left out.")
@click.option("-o", "--output", type=Report(), required=True, help="The HTML file to write.")
@click.pass_context
def report(
    context: click.Context,
    *,
    inventory: str,
    last: str | None,
    start: str | None,
    end: str | None,
    output: Path,
) -> None:
    """Write a page about what INVENTORY's stack did: numbers, plots, alerts, deploys, cost.

    It is one file that loads nothing. Exit code 0: it is whole; 1: something could not be read.
    """
    now = time.time()
    if last and (start or end):
        raise click.UsageError("--last says it all: leave out --from and --to")
    if end and not start:
        raise click.UsageError("--to needs --from")
    until = moment(end or "now", now)
    since = moment(start, now) if start else until - span(last or LAST)
    period(since, until, 1, now)  # a wrong time is said before anybody is asked
    with Session(inventory) as session:
        content = made(session, period(since, until, slowest(session.hosts), now))
    write(output, page(content))
    for problem in dict.fromkeys(content.problems):
        click.echo(f"not read: {problem}", err=True)
    click.echo(f"{output}: {described(content.period)}")
    context.exit(1 if content.problems else 0)


def described(asked: Period) -> str:
    """Return the time in words."""
    return f"{text.span(asked.seconds)} until {shown(asked.end)}"


def write(path: Path, html: str) -> None:
    """Write the page in one step: a reader never gets half of it."""
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.resolve().parent, prefix=".report-", delete=False
        ) as file:
            temporary = Path(file.name)
            file.write(html)
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
        what, why = "the report was not written", error.strerror or str(error)
        raise FirstlightError(what, where=str(path), why=why) from None
