"""What holds for every model: more memory never fits less, and advice is always true."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.catalogue import models
from firstlight.catalogue.nvidia import gpu_cards
from firstlight.sizing.advice import advice, planned
from firstlight.sizing.fit import Fit, fit
from firstlight.sizing.machine import Machine, from_card
from firstlight.sizing.plan import Plan
from firstlight.sizing.quantization import FORMATS, weight_bytes
from firstlight.sizing.subject import Subject, from_row

SUBJECTS = [found for name in models() if (found := from_row(name))]
NEW = [name for name, row in gpu_cards().items() if float(row.compute) >= 8.9 and not row.link]

subjects = st.sampled_from(SUBJECTS)
machines = st.builds(from_card, st.sampled_from(NEW), st.sampled_from([1, 2, 4, 8]))
plans = st.builds(
    Plan,
    context=st.integers(256, 40960),
    concurrency=st.integers(1, 512),
    kv_cache_dtype=st.sampled_from(["auto", "fp8"]),
    utilization=st.sampled_from([0.5, 0.92, 0.95]),
    data=st.sampled_from([1, 2]),
    batched=st.sampled_from([2048, 8192]),
    allocates=st.booleans(),
)


def spread(subject: Subject, machine: Machine, plan: Plan) -> Fit:
    return fit(subject, machine, planned(subject, machine, plan))


@given(subjects, machines, plans, st.integers(0, 100_000))
def test_more_memory_never_fits_less(
    subject: Subject, machine: Machine, plan: Plan, more: int
) -> None:
    small = spread(subject, machine, plan)
    large = spread(subject, replace(machine, mib=machine.mib + more), plan)
    assert large.kv >= small.kv and large.fits >= small.fits
    assert large.max_context >= small.max_context
    assert large.max_concurrency >= small.max_concurrency


@given(subjects, machines, plans, st.integers(0, 20000))
def test_more_context_never_raises_the_concurrency(
    subject: Subject, machine: Machine, plan: Plan, more: int
) -> None:
    short = spread(subject, machine, plan)
    long = spread(subject, machine, replace(plan, context=plan.context + more))
    assert long.max_concurrency <= short.max_concurrency and long.request >= short.request


@given(subjects, machines, plans)
def test_an_fp8_cache_never_needs_more(subject: Subject, machine: Machine, plan: Plan) -> None:
    wide = spread(subject, machine, replace(plan, kv_cache_dtype="auto"))
    narrow = spread(subject, machine, replace(plan, kv_cache_dtype="fp8"))
    assert narrow.request <= wide.request and narrow.fits >= wide.fits


@given(subjects, machines, plans)
def test_the_limits_are_limits(subject: Subject, machine: Machine, plan: Plan) -> None:
    found = spread(subject, machine, plan)
    if found.problems:
        return
    most = found.max_concurrency
    assert found.fits is (plan.concurrency <= most)
    if most:
        assert spread(subject, machine, replace(plan, concurrency=most)).fits
    assert not spread(subject, machine, replace(plan, concurrency=most + plan.data)).fits
    if context := found.max_context:
        assert spread(subject, machine, replace(plan, context=context)).fits


@settings(max_examples=40, deadline=None)
@given(subjects, machines, plans)
def test_advice_always_fits(subject: Subject, machine: Machine, plan: Plan) -> None:
    failed = fit(subject, machine, replace(planned(subject, machine, plan), data=1))
    ways = advice(failed)
    assert not (failed.fits and ways)
    for each in ways:
        again = fit(each.fit.subject, each.fit.machine, each.fit.plan)
        assert again.fits and again.starts, each.text
        assert each.fit.plan.concurrency <= failed.plan.concurrency
        assert each.settings["context"] == each.fit.plan.context
        assert not each.fit.problems


@given(subjects, st.sampled_from(sorted(FORMATS)))
def test_formats_are_ordered(subject: Subject, name: str) -> None:
    counts = subject.parameters
    assert counts.embedding + counts.experts <= counts.total
    assert weight_bytes(counts, name) <= weight_bytes(counts, "fp32")
    assert weight_bytes(counts, "q4_k_m") < weight_bytes(counts, "q8_0")
