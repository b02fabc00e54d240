"""``firstlight size``: whether a model fits, with which settings, and what would make it fit."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, NoReturn

import click

from firstlight.cli.gpu import machine_of
from firstlight.sizing.advice import advice, planned
from firstlight.sizing.every import fits_by_card, table
from firstlight.sizing.fit import Fit, fit
from firstlight.sizing.machine import Machine
from firstlight.sizing.plan import Plan
from firstlight.sizing.reading import read
from firstlight.sizing.report import text, values
from firstlight.sizing.subject import Subject

NOT_FIT = 3
_CONTEXT = 32768
_MOST = 256


@click.command()
@click.argument("model")
@click.option("--gpu", help="The card, with or without a count: 4090, h100, 8xh100.")
@click.option("--gpus", type=click.IntRange(1, 64), help="How many of them.")
@click.option(
    "--context",
    type=click.IntRange(256, 2**24),
    help="Tokens of one request, prompt and answer.  [default: the model's, at most 32768]",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 4096),
    help="Requests of that context that have to fit at the same time.  [default: what fits]",
)
@click.option("--kv-cache-dtype", type=click.Choice(["auto", "fp8"]), default="auto")
@click.option("--hub", help="URL of the model hub, for a model that is no name of the catalogue.")
@click.option("--json", "as_json", is_flag=True, help="Print values for programs.")
def size(model: str, gpu: str | None, hub: str | None, as_json: bool, **asked: Any) -> None:
    """Say whether MODEL fits a card, and what would make it fit.

    MODEL is a name of the catalogue, a repository ORG/NAME of the model hub, or a folder.
    Without --gpu every card of the catalogue is tried. Exit code: 0 it fits, 3 it does not, 1
    it cannot be told.
    """
    subject = read(model, hub)
    tokens = asked["context"] or min(subject.context or _CONTEXT, _CONTEXT)
    plan = Plan(tokens, asked["concurrency"] or 1, asked["kv_cache_dtype"])
    if gpu is None:
        found = fits_by_card(subject, plan, asked["gpus"])
        rows = [values(each) for each in found]
        click.echo(json.dumps(rows, indent=2) if as_json else table(subject, plan, found))
        _exit(bool(found))
    one = sized(subject, machine_of(gpu, asked["gpus"]), plan, asked["concurrency"] is None)
    ways = advice(one)
    if as_json:
        told = [{"text": each.text, "settings": each.settings} for each in ways]
        click.echo(json.dumps({**values(one), "advice": told}, indent=2))
    else:
        click.echo(text(one, ways))
    _exit(one.fits)


def _exit(fits: bool) -> NoReturn:
    click.get_current_context().exit(0 if fits else NOT_FIT)


def sized(subject: Subject, machine: Machine, plan: Plan, free: bool) -> Fit:
    """The fit over all cards; ``free`` raises the concurrency to what fits."""
    found = fit(subject, machine, planned(subject, machine, plan))
    if not (free and found.fits):
        return found
    return fit(subject, machine, replace(found.plan, concurrency=min(_MOST, found.max_concurrency)))
