"""From a requirement to a model and an engine, with the reasons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from firstlight.catalogue import models
from firstlight.catalogue.load import uses
from firstlight.catalogue.row import Use
from firstlight.sizing.advice import planned
from firstlight.sizing.fit import Fit, fit
from firstlight.sizing.machine import Machine
from firstlight.sizing.plan import Plan
from firstlight.sizing.quantization import FP8_KV_COMPUTE
from firstlight.sizing.report import gib
from firstlight.sizing.subject import Subject, from_row

VLLM_COMPUTE = 7.5
"""Lowest compute capability that vLLM 0.33 is built for."""
_GGUF = "q4_k_m"


@dataclass(frozen=True)
class Recommendation:
    """``fit`` of the model on the cards, the ``engine`` for it, and why."""

    use: str
    engine: str
    fit: Fit
    reasons: tuple[str, ...]

    @property
    def model(self) -> str:
        """The model's name in the catalogue."""
        return self.fit.subject.row


def recommended(machine: Machine, use: str) -> tuple[Recommendation, ...]:
    """What suits ``use`` on ``machine``, the largest model first; empty where nothing fits."""
    wanted = uses()[use]
    engine = _engine(wanted, machine)
    found = sorted(_fits(machine, use, wanted, engine), key=_size, reverse=True)
    return tuple(
        Recommendation(use, engine, each, tuple(_reasons(wanted, engine, machine, each)))
        for each in found
    )


def _engine(wanted: Use, machine: Machine) -> str:
    if wanted.engine == "vllm" and machine.compute < VLLM_COMPUTE:
        return "llamacpp"
    return wanted.engine


def _fits(machine: Machine, use: str, wanted: Use, engine: str) -> Iterator[Fit]:
    for name, row in models().items():
        subject = from_row(name)
        if use not in row.uses or subject is None:
            continue
        if engine != "vllm":
            if row.like or (engine == "ollama" and not row.ollama):
                continue
            subject = subject.quantized(_GGUF)
        if best := _best(subject, machine, wanted, engine):
            yield best


def _best(subject: Subject, machine: Machine, wanted: Use, engine: str) -> Fit | None:
    """The fit with a full-width KV cache, else with one in FP8; None where neither fits."""
    whole = engine != "vllm"
    plan = Plan(wanted.context, wanted.concurrency, allocates=whole)
    plan = replace(plan, pipeline=machine.count) if whole else planned(subject, machine, plan)
    found = fit(subject, machine, plan)
    if not found.fits and machine.compute >= FP8_KV_COMPUTE and not whole:
        found = fit(subject, machine, replace(plan, kv_cache_dtype="fp8"))
    return found if found.fits else None


def _size(found: Fit) -> tuple[int, int]:
    return found.subject.parameters.total, found.subject.bytes


def requests(number: int) -> str:
    """How many requests, in words."""
    return "1 request" if number == 1 else f"{number} requests"


def _reasons(wanted: Use, engine: str, machine: Machine, found: Fit) -> Iterator[str]:
    subject, plan = found.subject, found.plan
    yield f"requirement: {wanted.requirement}"
    title = models()[subject.row].title or subject.name
    yield (
        f"model: {title} is the largest of the catalogue for this use that holds "
        f"{requests(plan.concurrency)} of {plan.context} tokens on {machine}"
    )
    yield (
        f"memory: {gib(found.budget['weights'])} of weights ({subject.quantization}) leave "
        f"{gib(found.kv)} of {gib(found.usable)} for contexts, {found.kv_tokens} tokens"
    )
    if plan.kv_cache_dtype != "auto":
        yield "KV cache: in FP8, since in 16 bits the contexts do not fit"
    if engine == wanted.engine:
        yield f"engine: {engine}: {wanted.reason}"
    else:
        yield f"engine: {engine}: the card is older than vLLM needs (compute {VLLM_COMPUTE})"
    if models()[subject.row].gated:
        yield "licence: the hub asks for a token and an agreement before it gives the weights"
