"""What would make a model fit, each piece checked by the same arithmetic before it is given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from firstlight.catalogue import models
from firstlight.catalogue.nvidia import gpu_cards
from firstlight.sizing.fit import Fit, fit
from firstlight.sizing.flags import suggested
from firstlight.sizing.machine import Machine, from_card
from firstlight.sizing.plan import Plan, spread
from firstlight.sizing.quantization import FP8_KV_COMPUTE
from firstlight.sizing.subject import Subject, from_row, loaded_as

_COUNTS = (1, 2, 4, 8, 16)
_SHORT = 2048
"""Contexts below this are not proposed: hardly anybody can work with them."""
_STEP = 1024


@dataclass(frozen=True)
class Advice:
    """One way that works: ``text`` says what to do, ``settings`` the keys to set."""

    text: str
    fit: Fit

    @property
    def settings(self) -> dict[str, object]:
        """Settings of the model that this advice leads to."""
        return suggested(self.fit)


def advice(failed: Fit) -> tuple[Advice, ...]:
    """Ways to make ``failed`` fit, the smallest change first; empty where it fits or nothing does."""
    if failed.fits:
        return ()
    found = [*_same_model(failed), *_variants(failed), *_hardware(failed), *_smaller(failed)]
    return tuple(found)


def planned(subject: Subject, machine: Machine, plan: Plan) -> Plan:
    """``plan`` with the parallel sizes that all cards of ``machine`` give ``subject``."""
    if plan.allocates:  # these engines divide a model by its layers
        return replace(plan, tensor=1, pipeline=machine.count, data=1)
    tensor, pipeline = spread(subject.architecture.heads, machine)
    return replace(plan, tensor=tensor, pipeline=pipeline, data=1)


def smallest(subject: Subject, machine: Machine, plan: Plan) -> Fit | None:
    """The fit on the least number of cards like ``machine``'s; None where 16 are not enough."""
    for count in _COUNTS:
        cards = machine.of(count)
        found = fit(subject, cards, planned(subject, cards, plan))
        if found.fits:
            return found
    return None


def _same_model(failed: Fit) -> Iterator[Advice]:
    subject, machine, plan = failed.subject, failed.machine, failed.plan
    divided = planned(subject, machine, plan)
    if failed.problems and (found := fit(subject, machine, divided)).fits:
        sizes = f"tensor_parallel {divided.tensor}, pipeline_parallel {divided.pipeline}"
        yield Advice(f"other parallel sizes: {sizes}", found)
    whole = replace(plan, kv_cache_dtype="auto")
    if plan.kv_cache_dtype != "auto" and (found := fit(subject, machine, whole)).fits:
        yield Advice("a KV cache in 16 bits: without kv_cache_dtype", found)
    half = replace(plan, kv_cache_dtype="fp8")
    can_half = _can_half(failed)
    if can_half and (found := fit(subject, machine, half)).fits:
        yield Advice('an FP8 KV cache: kv_cache_dtype "fp8"', found)
    if plan.concurrency > 1 and 0 < failed.max_concurrency < plan.concurrency:
        fewer = replace(plan, concurrency=failed.max_concurrency)
        if (found := fit(subject, machine, fewer)).fits:
            yield Advice(f"fewer requests at a time: concurrency {fewer.concurrency}", found)
    if shorter := _shorter(subject, machine, plan):
        yield Advice(f"a shorter context: context {shorter.plan.context}", shorter)
    elif can_half and (shorter := _shorter(subject, machine, half)):
        text = f'a shorter context in an FP8 KV cache: context {shorter.plan.context}, kv_cache_dtype "fp8"'
        yield Advice(text, shorter)


def _can_half(failed: Fit) -> bool:
    plan = failed.plan
    return failed.machine.compute >= FP8_KV_COMPUTE and plan.kv_width > 1 and not plan.allocates


def _shorter(subject: Subject, machine: Machine, plan: Plan) -> Fit | None:
    """The fit with the longest context that fits, where that is shorter and still of use."""
    context = min(fit(subject, machine, plan).max_context, plan.context) // _STEP * _STEP
    if not _SHORT <= context < plan.context:
        return None
    found = fit(subject, machine, replace(plan, context=context))
    return found if found.fits else None


def _variants(failed: Fit) -> Iterator[Advice]:
    """The best format of the same model that fits as asked, or else with a shorter context."""
    row = None if failed.plan.allocates else models().get(failed.subject.row)
    subjects = [each for name in (row.variants if row else ()) if (each := from_row(name))]
    if _can_load_fp8(failed, subjects):
        subjects.insert(0, loaded_as(failed.subject, "fp8"))
    plans = [failed.plan]
    if _can_half(failed):
        plans.append(replace(failed.plan, kv_cache_dtype="fp8"))
    for plan in plans:
        for subject in subjects:
            if (found := fit(subject, failed.machine, plan)).fits:
                yield Advice(_named(subject, found, failed), found)
                return
    for plan in plans:
        for subject in subjects:
            if shorter := _shorter(subject, failed.machine, plan):
                yield Advice(_named(subject, shorter, failed), shorter)
                return


def _can_load_fp8(failed: Fit, published: list[Subject]) -> bool:
    """Whether FP8 at loading is a way; published FP8 weights are better, they were calibrated."""
    if failed.plan.allocates or any(each.quantization == "fp8" for each in published):
        return False
    return failed.subject.quantization == "bf16" and failed.machine.compute >= FP8_KV_COMPUTE


def _named(subject: Subject, found: Fit, failed: Fit) -> str:
    text = f"weights in {subject.quantization}: {subject.name} ({subject.repo})"
    if subject.online:
        text = f'weights made {subject.quantization} at loading: quantization "{subject.online}"'
    if found.plan.context != failed.plan.context:
        text += f", context {found.plan.context}"
    if found.plan.kv_cache_dtype != failed.plan.kv_cache_dtype:
        text += ', kv_cache_dtype "fp8"'
    return text


def _hardware(failed: Fit) -> Iterator[Advice]:
    """More of the same cards, larger ones of the same number, or else more larger ones."""
    count = failed.machine.count
    more = [failed.machine.of(n) for n in _COUNTS if n > count]
    if found := _first(failed, more):
        yield Advice(f"more cards: {found.machine}", found)
    larger = [each for each in _cards(count) if each.mib > failed.machine.mib]
    if best := _first(failed, larger):
        yield Advice(f"larger cards: {best.machine}", best)
    elif not found:
        many = [each for n in _COUNTS if n > count for each in _cards(n)]
        if best := _first(failed, many):
            yield Advice(f"other cards: {best.machine}", best)


def _cards(count: int) -> list[Machine]:
    """``count`` of each card whose memory was read somewhere, the smallest first."""
    rows = gpu_cards().items()
    found = [from_card(name, count) for name, row in rows if row.mib and row.link != "grace"]
    return sorted(found, key=lambda each: each.mib)


def _first(failed: Fit, machines: list[Machine]) -> Fit | None:
    """The fit on the first of ``machines`` that is enough."""
    for machine in machines:
        plan = planned(failed.subject, machine, failed.plan)
        if (found := fit(failed.subject, machine, plan)).fits:
            return found
    return None


def _smaller(failed: Fit) -> Iterator[Advice]:
    """The first of the smaller models, and of those that are smaller than these, that fits."""
    names, seen = [failed.subject.row], {failed.subject.row}
    while names:
        row = models().get(names.pop(0))
        for name in row.smaller if row else ():
            subject = None if name in seen else from_row(name)
            if subject is None:
                continue
            seen.add(name)
            names.append(name)
            if failed.plan.allocates:
                subject = subject.quantized(failed.subject.quantization)
            plan = planned(subject, failed.machine, failed.plan)
            if (found := fit(subject, failed.machine, plan)).fits:
                yield Advice(f"a smaller model: {name} ({subject.repo})", found)
                return
