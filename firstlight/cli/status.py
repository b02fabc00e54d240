"""``firstlight status``: what a stack does now, by its monitors."""

from __future__ import annotations

import contextlib
import json
import sys

import click
from rich.console import Console
from rich.live import Live

from firstlight.cli.audit import Inventory
from firstlight.errors import FirstlightError
from firstlight.monitor.asking import Session
from firstlight.status import document
from firstlight.status.live import Screenful, View, drawn, views
from firstlight.status.look import Scope, look, scope
from firstlight.status.stack import Stack

EVERY = 5.0


class Watched(click.ParamType[float]):
    """Seconds between two looks."""

    name = "seconds"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            seconds = float(str(value))
        except ValueError:
            self.fail(f"{value!r} is no number of seconds; INVENTORY comes before it", param, ctx)
        if not 2 <= seconds <= 3600:
            self.fail("seconds go from 2 to 3600", param, ctx)
        return seconds


@click.command()
@click.argument("inventory", type=Inventory())
@click.option("--limit", multiple=True, metavar="HOST", help="Only this host or group.")
@click.option(
    "--watch",
    type=Watched(),
    is_flag=False,
    flag_value=EVERY,
    help=f"Look again every so many seconds ({EVERY:.0f} without a number), until Ctrl-C.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; with --watch one line a look.")
@click.pass_context
def status(
    context: click.Context,
    *,
    inventory: str,
    limit: tuple[str, ...],
    watch: float | None,
    as_json: bool,
) -> None:
    """Show what INVENTORY's hosts, GPUs and models do now, and which alerts fire.

    Their monitor is asked over SSH. Exit code 0: no critical alert fires; 1: something could not be
    looked at; 3: a critical alert fires.
    """
    try:
        with Session(inventory) as session:
            at = scope(session, limit)
            if watch is None:
                code = once(look(session, at), as_json)
            else:
                code = again(session, at, watch, as_json)
    except FirstlightError as error:
        if not as_json:
            raise
        click.echo(json.dumps(document.failed(error), indent=2))
        code = 1
    context.exit(code)


def once(stack: Stack, as_json: bool) -> int:
    """Show a stack; return the exit code."""
    if as_json:
        click.echo(json.dumps(document.as_json(stack), indent=2))
    else:
        Console(highlight=False).print(drawn(View(stack)))
    return stack.exit_code


def again(session: Session, at: Scope, seconds: float, as_json: bool) -> int:
    """Show views until Ctrl-C; return the last one's exit code."""
    console = Console(highlight=False)
    live = console.is_terminal and not as_json
    last: View | None = None
    screen = Live(console=console, screen=True, auto_refresh=False) if live else None
    with contextlib.suppress(KeyboardInterrupt), screen or contextlib.nullcontext():
        for last in views(lambda: look(session, at), seconds):
            if screen is not None:
                screen.update(Screenful(last), refresh=True)
            else:
                told(last, console, as_json)
    if last is not None and live:
        console.print(drawn(last))  # the screen is gone, and what it showed with it
    return last.exit_code if last is not None else 1


def told(view: View, console: Console, as_json: bool) -> None:
    """Write a view behind the last one, for pipes and files."""
    if as_json:
        known = view.error is None and view.stack is not None
        said = document.as_json(view.stack) if known and view.stack else None
        error = view.error or FirstlightError("nothing was seen yet")
        click.echo(json.dumps(said if said is not None else document.failed(error)))
    else:
        console.print(drawn(view))
    sys.stdout.flush()
