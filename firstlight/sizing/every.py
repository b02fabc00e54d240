"""One model on every card of the catalogue: how many of each it takes."""

from __future__ import annotations

from firstlight.catalogue.nvidia import gpu_cards
from firstlight.sizing.advice import planned, smallest
from firstlight.sizing.fit import Fit, fit
from firstlight.sizing.machine import from_card
from firstlight.sizing.plan import Plan
from firstlight.sizing.subject import Subject

_OLDEST = 7.5


def fits_by_card(subject: Subject, plan: Plan, count: int | None = None) -> list[Fit]:
    """The fit on the least number of each card, or on ``count`` of each; what does not is left out.

    Cards too old for vLLM, and boards that firstlight does not set up, are not tried.
    """
    found: list[Fit] = []
    for name, row in gpu_cards().items():
        if row.link == "grace" or float(row.compute) < _OLDEST:
            continue
        machine = from_card(name, count or 1)
        if count is None:
            best = smallest(subject, machine, plan)
        else:
            best = fit(subject, machine, planned(subject, machine, plan))
        if best is not None and best.fits:
            found.append(best)
    return sorted(found, key=lambda each: (each.machine.count, each.machine.mib))


def table(subject: Subject, plan: Plan, found: list[Fit]) -> str:
    """The fits as lines of a table."""
    asked = (
        f"{plan.concurrency} × {plan.context} tokens"
        if plan.concurrency > 1
        else (f"{plan.context} tokens")
    )
    if not found:
        return f"{subject.name}: no card of the catalogue holds {asked}"
    lines = [f"{subject.name} ({subject.bytes / 1e9:.1f} GB {subject.quantization}), {asked}", ""]
    wide = max(34, *(len(str(each.machine)) + 2 for each in found))
    lines.append(f"{'cards':<{wide}}{'parallel':<12}{'at a time':>10}{'KV tokens':>12}")
    for each in found:
        one = each.plan
        spread = f"tp {one.tensor}" + (f" pp {one.pipeline}" if one.pipeline > 1 else "")
        lines.append(
            f"{each.machine!s:<{wide}}{spread if one.cards > 1 else '-':<12}"
            f"{each.max_concurrency:>10}{each.kv_tokens:>12}"
        )
    return "\n".join(lines)
