"""Refuses models that cannot fit the cards of their host: by the settings, and by what is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from firstlight.catalogue.named import refused
from firstlight.catalogue.nvidia_row import GpuCard
from firstlight.errors import FirstlightError
from firstlight.sizing.advice import advice
from firstlight.sizing.fit import Fit, fit
from firstlight.sizing.machine import Machine, from_card, from_read
from firstlight.sizing.report import gib
from firstlight.sizing.served import OFFLOADING, cards_of, machine_for, plan_of, subject_of

if TYPE_CHECKING:
    from firstlight.settings import HostSettings, Model
    from firstlight.settings.problem import Problem

_ADVICE = 3
"""How many ways out an error names."""


def misfits(settings: HostSettings) -> Iterator[Problem]:
    """Mistakes of size in ``settings``, without asking the host.

    Memory is judged where ``nvidia.card`` says which cards there are; models whose dimensions
    are not known are not judged.
    """
    from firstlight.settings.problem import Problem

    for index, model in enumerate(settings.models):
        repo = model.source.location if model.source.scheme == "hf" else model.name
        if (row := refused(repo)) and model.engine == "vllm":
            fix = f"take {', or '.join(row.successors)}"
            yield Problem(settings.name, f"models[{index}].name", row.reason, "", fix=fix)
    card = settings.nvidia.card
    if card is None:
        return
    for index, found in _fits(settings, [from_card(card)], settings.nvidia.count):
        if not found.may_start:
            yield Problem(
                settings.name,
                f"models[{index}]",
                f"{found.subject.name} does not fit {found.machine}: {reason(found)}",
                "",
                fix=_ways(found),
            )


def obstacles(
    settings: HostSettings, cards: Sequence[GpuCard | int | Machine]
) -> Iterator[FirstlightError]:
    """Models that do not fit the cards that the host shows.

    ``cards`` is one entry per GPU: the catalogue's row, or MiB of memory as nvidia-smi shows it,
    or a :class:`Machine`, in the order of their numbers. Of those that a model names, else of all,
    the smallest one counts.
    """
    for index, found in _on(settings, cards):
        if not found.may_start:
            yield FirstlightError(
                f"{found.subject.name} does not fit {found.machine}",
                where=f"{settings.name}: models[{index}]",
                why=reason(found),
                fix=_ways(found),
            )


def verdicts(settings: HostSettings, cards: Sequence[GpuCard | int | Machine]) -> Iterator[str]:
    """What each model has room for on these cards, in one sentence each."""
    for _, found in _on(settings, cards):
        if not found.starts:
            yield (
                f"WARNING: {found.subject.name} on {found.machine} is tight and may not start: "
                f"{reason(found)}; {_ways(found)}"
            )
        else:
            room = f"{found.kv_tokens} tokens of KV cache"
            yield (
                f"{found.subject.name} on {found.machine}: {room}, {found.max_concurrency} requests "
                f"of {found.plan.context} tokens at a time"
            )


def cache_bytes(settings: HostSettings) -> dict[str, int]:
    """Bytes of KV cache that one copy of each model takes at its start, over all its cards.

    They are known where ``nvidia.card`` says which cards there are, and the model's dimensions are.
    """
    card = settings.nvidia.card
    if card is None:
        return {}
    found = {}
    for index, each in _fits(settings, [from_card(card)], settings.nvidia.count):
        requests = -(-each.plan.concurrency // each.plan.data)
        one = requests * each.request if each.plan.allocates else max(0, each.kv)
        found[settings.models[index].name] = one * each.plan.cards
    return found


def unsized(settings: HostSettings) -> list[str]:
    """Names of the models that use GPUs and whose dimensions are not known."""
    return [
        model.name for model in settings.models if model.gpus != 0 and subject_of(model) is None
    ]


def _on(
    settings: HostSettings, cards: Sequence[GpuCard | int | Machine]
) -> Iterator[tuple[int, Fit]]:
    if cards:
        yield from _fits(settings, [_machine(card) for card in cards], len(cards))


def _machine(card: GpuCard | int | Machine) -> Machine:
    if isinstance(card, Machine):
        return card
    return from_read(card, 0) if isinstance(card, GpuCard) else from_read(None, card)


def _fits(
    settings: HostSettings, machines: Sequence[Machine], there: int | None
) -> Iterator[tuple[int, Fit]]:
    if settings.nvidia.mig:
        return  # what an instance of MIG has is not what the card has
    for index, model in enumerate(settings.models):
        found = _fit(model, _least(model, machines), there)
        if found is not None:
            yield index, found


def _least(model: Model, machines: Sequence[Machine]) -> Machine:
    """The smallest of the cards that ``model`` names, else of all: a small one drives a screen."""
    listed = model.gpus if isinstance(model.gpus, tuple) else ()
    own = [machines[number] for number in listed if number < len(machines)]
    return min(own or machines, key=lambda machine: machine.mib)


def _fit(model: Model, one: Machine, there: int | None) -> Fit | None:
    if any(name in model.args for name in OFFLOADING):
        return None  # how much of it the host's memory takes is the operator's arithmetic
    cards, subject = cards_of(model, there), subject_of(model)
    if not cards or subject is None:
        return None
    return fit(subject, machine_for(model, one, cards), plan_of(model, cards))


def reason(found: Fit) -> str:
    """Why ``found`` does not fit, with the numbers."""
    if found.problems:
        return "; ".join(found.problems)
    spent = ", ".join(f"{name} {gib(size)}" for name, size in found.budget.items())
    each = "each card" if found.plan.cards > 1 else "the card"
    head = f"{each} has {gib(found.usable)} ({found.plan.utilization:.0%} of its memory)"
    if found.kv <= 0:
        return f"{head}, before any context it takes {gib(found.usable - found.kv)}: {spent}"
    count = found.plan.concurrency if found.plan.allocates else 1
    requests = "one request" if count == 1 else f"{count} requests"
    return (
        f"{head}, {spent} leave {gib(found.kv)}; {requests} of {found.plan.context} tokens take "
        f"{gib(count * found.request)}"
    )


def _ways(found: Fit) -> str:
    """The first ways out of a misfit; the engine starts when one request fits."""
    plan = found.plan if found.plan.allocates else replace(found.plan, concurrency=1)
    single = fit(found.subject, found.machine, plan)
    ways = [each.text for each in advice(single)][:_ADVICE]
    return " · or ".join(ways) or "no card of the catalogue is enough: a smaller model"
