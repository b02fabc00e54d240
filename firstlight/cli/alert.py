"""``firstlight alert``: whether alerts arrive."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from firstlight.cli.audit import Inventory
from firstlight.monitor.arrival import Arrival, arrivals, exit_code, monitors_of
from firstlight.monitor.asking import Session
from firstlight.monitor.seen_site import limited


@click.group()
def alert() -> None:
    """Whether alerts arrive at those who are told."""


@alert.command("test")
@click.argument("inventory", type=Inventory())
@click.option("--limit", multiple=True, metavar="HOST", help="Only monitors of this host or group.")
@click.option("--receiver", multiple=True, metavar="NAME", help="Only this receiver.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.pass_context
def test(
    context: click.Context,
    inventory: str,
    limit: tuple[str, ...],
    receiver: tuple[str, ...],
    as_json: bool,
) -> None:
    """Send a test alert to every receiver of INVENTORY's monitors, and see it go out.

    It goes through the real Alertmanager, is named a test, and is over at once. Exit code 0:
    everybody got it; 3: somebody did not; 1: it could not be tested.
    """
    with Session(inventory) as session:
        monitors = monitors_of(limited(session.hosts, limit))
        found, problems = arrivals(session, monitors, receiver)
    if as_json:
        said = [asdict(each) for each in found]
        click.echo(json.dumps({"tested": said, "problems": [str(each) for each in problems]}))
    else:
        for each in found:
            click.echo(line(each))
    for problem in problems:
        click.echo(str(problem), err=True)
    context.exit(exit_code(found, problems))


def line(arrival: Arrival) -> str:
    """Return what became of one message."""
    name = f"{arrival.monitor}: {arrival.receiver} ({arrival.kind})"
    if arrival.got:
        return f"{name}: got it after {arrival.seconds:.1f} s"
    return f"{name}: did NOT get it: {arrival.why or f'no answer in {arrival.seconds:.0f} s'}"
