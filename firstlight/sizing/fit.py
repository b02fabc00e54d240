"""Whether a model fits its cards, and what is left for the contexts of its requests."""

from __future__ import annotations

from dataclasses import dataclass, field

from firstlight.sizing.kv import BLOCK, request_bytes
from firstlight.sizing.machine import Machine
from firstlight.sizing.plan import Plan
from firstlight.sizing.quantization import FORMATS, FP8_KV_COMPUTE
from firstlight.sizing.reserve import (
    activation_bytes,
    context_bytes,
    graph_bytes,
    request_logits,
)
from firstlight.sizing.subject import Subject
from firstlight.sizing.weights import card_bytes

ESTIMATED = ("activations", "CUDA graphs", "CUDA and NCCL")
"""Parts of the budget that the engine itself only measures at its start."""
LEAST_CONTEXT = 256
"""The shortest context that the settings allow."""


@dataclass(frozen=True)
class Fit:
    """The memory of one card, the fullest, and what follows from it.

    ``budget`` are the parts in bytes by their names, ``kv`` what is left for the cache (below
    zero: not even the weights fit), ``request`` what one request of the asked context takes.
    ``problems`` are reasons against it that are no matter of memory.
    """

    subject: Subject
    machine: Machine
    plan: Plan
    usable: int
    budget: dict[str, int] = field(hash=False)
    kv: int
    request: int
    problems: tuple[str, ...]

    @property
    def starts(self) -> bool:
        """Whether the engine comes up: one request of the asked context has its memory."""
        if self.plan.allocates:
            return self.fits
        return not self.problems and self.kv >= self.request

    @property
    def may_start(self) -> bool:
        """Whether it could come up all the same: the reserves are upper estimates.

        Half of them is taken as certain. What does not start even so is no matter of opinion.
        """
        if self.starts or self.problems:
            return self.starts
        estimated = sum(self.budget[name] for name in ESTIMATED)
        asked = self.plan.concurrency if self.plan.allocates else 1
        return self.kv + estimated // 2 >= asked * self.request

    @property
    def fits(self) -> bool:
        """Whether all the requests that are asked for have it at the same time."""
        return not self.problems and self.max_concurrency >= self.plan.concurrency

    @property
    def max_concurrency(self) -> int:
        """How many requests of the asked context have their memory at the same time.

        Each takes its cache, and its logits out of the activations.
        """
        logits = request_logits(self.subject.architecture)
        each = -(-self.plan.concurrency // self.plan.data)
        left = self.kv + each * logits
        return self.plan.data * max(0, left // (self.request + logits))

    @property
    def max_context(self) -> int:
        """Longest context at the asked concurrency, in tokens; 0: none that can be used."""
        each = -(-self.plan.concurrency // self.plan.data)
        low, high = 0, (self.subject.architecture.positions or 2**20) // BLOCK
        while low < high:
            middle = (low + high + 1) // 2
            if each * self._request(middle * BLOCK) <= self.kv:
                low = middle
            else:
                high = middle - 1
        return low * BLOCK if low * BLOCK >= LEAST_CONTEXT else 0

    @property
    def kv_tokens(self) -> int:
        """Tokens of KV cache, as vLLM prints them: of requests with the asked context."""
        one = self.plan.data * max(0, self.kv)
        return one * self.plan.context // self.request if self.request else 0

    def _request(self, context: int) -> int:
        batched = self.plan.batched_on(self.machine)
        return request_bytes(self.subject.architecture, self.plan, context, batched)


def fit(subject: Subject, machine: Machine, plan: Plan) -> Fit:
    """Add up the memory of ``subject`` on ``machine`` as ``plan`` asks."""
    of, batched = subject.architecture, plan.batched_on(machine)
    budget = {
        "weights": card_bytes(subject, plan),
        "activations": activation_bytes(of, plan, batched),
        "CUDA graphs": graph_bytes(of, plan),
        "CUDA and NCCL": context_bytes(of, plan),
    }
    if plan.beside:
        budget["adapters and draft"] = plan.beside
    usable = int(machine.cuda_bytes * plan.utilization)
    return Fit(
        subject=subject,
        machine=machine,
        plan=plan,
        usable=usable,
        budget=budget,
        kv=usable - sum(budget.values()),
        request=request_bytes(of, plan, plan.context, batched),
        problems=tuple(_problems(subject, machine, plan)),
    )


def _problems(subject: Subject, machine: Machine, plan: Plan) -> list[str]:
    of, found = subject.architecture, []
    if of.heads % plan.tensor:
        found.append(f"tensor parallel {plan.tensor} does not divide {of.heads} attention heads")
    if plan.pipeline > of.layers:
        found.append(f"{plan.pipeline} pipeline stages are more than {of.layers} layers")
    if plan.cards > machine.count:
        found.append(f"{plan.cards} cards are asked for and {machine.count} are there")
    least = FORMATS[subject.quantization].compute
    if machine.compute < least:
        found.append(
            f"{subject.quantization} needs compute capability {least}, the card has "
            f"{machine.compute}"
        )
    # llama.cpp and Ollama take q8_0 for it, which every card can do.
    if plan.kv_width == 1 and not plan.allocates and machine.compute < FP8_KV_COMPUTE:
        found.append(
            f"an FP8 KV cache needs compute capability {FP8_KV_COMPUTE}, the card has "
            f"{machine.compute}"
        )
    if of.positions and plan.context > of.positions and not plan.extended:
        found.append(f"the model knows {of.positions} positions, {plan.context} are asked for")
    return found
