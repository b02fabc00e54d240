"""``firstlight recommend``: a model and an engine for cards and a use, with the reasons."""

from __future__ import annotations

import json

import click

from firstlight.catalogue.load import uses
from firstlight.cli.gpu import machine_of
from firstlight.errors import FirstlightError
from firstlight.sizing.recommend import Recommendation, recommended, requests
from firstlight.sizing.report import values

_ALSO = 3
NO_FIT = 3
"""Exit code where nothing fits, as of `firstlight size`."""


@click.command()
@click.option("--gpu", required=True, help="The card, with or without a count: 4090, 8xh100.")
@click.option("--gpus", type=click.IntRange(1, 64), help="How many of them.")
@click.option("--use", required=True, type=click.Choice(list(uses())), help="What it is for.")
@click.option("--json", "as_json", is_flag=True, help="Print values for programs.")
def recommend(gpu: str, gpus: int | None, use: str, as_json: bool) -> None:
    """Recommend a model and an engine for a card and a use, with reasons.

    The largest model of the catalogue that holds what the use requires, by the same arithmetic
    as `firstlight size`. Exit code: 3 where none does.
    """
    context = click.get_current_context()
    machine, asked = machine_of(gpu, gpus), uses()[use]
    found = recommended(machine, use)
    if not found:
        error = FirstlightError(
            f"no model of the catalogue for {use} fits {machine}",
            why=f"it has to hold {requests(asked.concurrency)} of {asked.context} tokens",
            fix="more or larger cards, or another use",
        )
        click.echo(error, err=True)
        context.exit(NO_FIT)
    if as_json:
        click.echo(json.dumps([_values(each) for each in found], indent=2))
    else:
        click.echo(_text(found))


def _values(each: Recommendation) -> dict[str, object]:
    return {"engine": each.engine, "reasons": list(each.reasons), **values(each.fit)}


def _text(found: tuple[Recommendation, ...]) -> str:
    best = found[0]
    lines = [f"{best.model} with {best.engine}", *(f"  {reason}" for reason in best.reasons)]
    if best.engine == "vllm":
        plan, cards = best.fit.plan, best.fit.machine
        gpu = f"{cards.count}x{cards.card}" if cards.count > 1 else cards.card
        lines.append(f"  try: firstlight size {best.model} --gpu {gpu} --context {plan.context}")
    if others := [each.model for each in found[1 : 1 + _ALSO]]:
        lines.append(f"also fits: {', '.join(others)}")
    return "\n".join(lines)
