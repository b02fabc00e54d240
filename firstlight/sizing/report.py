"""A fit as text for people, and as values for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from firstlight.catalogue import engines
from firstlight.sizing.advice import Advice
from firstlight.sizing.fit import Fit, fit
from firstlight.sizing.flags import suggested

GIB = 2**30


def gib(size: int) -> str:
    """A size in GiB with one digit."""
    return f"{size / GIB:.1f} GiB"


def verdict(found: Fit) -> str:
    """One sentence: whether it fits, and the limits that follow."""
    plan, name = found.plan, f"{found.subject.name} on {found.machine}"
    if found.fits:
        return (
            f"fits: {name}, {found.max_concurrency} at a time with {plan.context} tokens each, "
            f"or {found.max_context} tokens with {plan.concurrency} at a time"
        )
    if found.problems:
        return f"does not fit: {name}: {'; '.join(found.problems)}"
    if found.kv <= 0:
        return f"does not fit: {name} lacks {gib(-found.kv)} per card before any context"
    if not found.max_concurrency:
        room = f"{found.kv_tokens} tokens" if found.kv_tokens else "no tokens"
        return f"does not fit: {name} has room for {room}, one request has {plan.context}"
    return (
        f"does not fit: {name} has room for {found.max_concurrency} at a time with "
        f"{plan.context} tokens each, {plan.concurrency} are asked for"
    )


def budget(found: Fit) -> str:
    """The memory of one card, one part a line."""
    share = f"{found.plan.utilization:.0%} of {found.machine.mib} MiB less CUDA's own"
    rows = [("usable", found.usable, share)]
    rows += [(name, -size, _note(name, found)) for name, size in found.budget.items()]
    rows.append(("KV cache", found.kv, f"{found.kv_tokens} tokens" if found.kv > 0 else "none"))
    each = "one card" if found.plan.cards > 1 else "the card"
    lines = [f"memory of {each}"]
    lines += [f"  {name:<20}{size / GIB:>8.2f} GiB   {note}".rstrip() for name, size, note in rows]
    return "\n".join(lines)


def _note(name: str, found: Fit) -> str:
    plan = found.plan
    if name == "weights":
        total = f"{found.subject.bytes / 1e9:.1f} GB {found.subject.quantization}"
        return f"{total} over {plan.cards} cards" if plan.cards > 1 else total
    if name == "activations":
        batched = plan.batched_on(found.machine)
        requests = "1 request" if plan.concurrency == 1 else f"{plan.concurrency} requests"
        return f"{batched} tokens at a time, {requests}"
    return "estimated"


DEFAULT_ENGINE = "vllm"
"""The engine that a size is for, where nothing else is said."""


def snippet(settings: dict[str, object]) -> str:
    """One entry of ``models`` to paste into an inventory, the image's version left to choose."""
    image = {"image": f"{engines()[DEFAULT_ENGINE].image}:<version>"}
    rows = [
        f"    {json.dumps(key)}: {_python(value)}," for key, value in (settings | image).items()
    ]
    return "\n".join(["{", *rows, "}"])


def _python(value: object) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)


def text(found: Fit, ways: Iterable[Advice]) -> str:
    """Everything about one fit."""
    parts = [verdict(found), budget(found)]
    if advised := [f"  - {each.text}" for each in ways]:
        parts.append("\n".join(["what would fit", *advised]))
    if found.fits:
        parts.append("for the inventory\n" + snippet(suggested(found)))
        if short := _shorter(found):
            parts.append(short)
    if not (found.machine.checked and found.subject.checked):
        parts.append("not every number was read at its source: see the catalogue's rows")
    return "\n\n".join(parts)


def _shorter(found: Fit) -> str:
    """What a higher concurrency is good for: hardly any request fills its context."""
    plan, length = found.plan, 2048
    if plan.allocates or plan.context <= 2 * length:
        return ""
    most = fit(found.subject, found.machine, replace(plan, context=length)).max_concurrency
    return (
        f"Requests share the KV cache: up to {most} of {length} tokens have their memory at a time. "
        "Where most are short, set a higher concurrency: what does not fit waits."
    )


def values(found: Fit) -> dict[str, object]:
    """One fit for programs; sizes in bytes, of one card."""
    plan = found.plan
    return {
        "model": found.subject.name,
        "gpu": found.machine.card or found.machine.name,
        "gpus": plan.cards,
        "nodes": found.machine.nodes,
        "fits": found.fits,
        "starts": found.starts,
        "context": plan.context,
        "concurrency": plan.concurrency,
        "max_context": found.max_context,
        "max_concurrency": found.max_concurrency,
        "kv_tokens": found.kv_tokens,
        "bytes": {"usable": found.usable, **found.budget, "KV cache": found.kv},
        "problems": list(found.problems),
        "settings": suggested(found),
    }
