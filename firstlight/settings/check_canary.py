"""Contradictions between the versions of a model: the stable one and its canary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from firstlight.settings.host import HostSettings
from firstlight.settings.model import Model
from firstlight.settings.problem import NOTHING, Problem


@dataclass(frozen=True)
class _Entry:
    """A model where it stands in the inventory."""

    host: str
    index: int
    model: Model

    def problem(self, key: str, found: str, expected: str) -> Problem:
        return Problem(self.host, f"models[{self.index}].{key}", found, expected)


def canary_contradictions(site: Mapping[str, HostSettings]) -> Iterator[Problem]:
    """Every contradiction between versions, over all hosts of an inventory."""
    entries = [
        _Entry(host.name, index, model)
        for host in site.values()
        for index, model in enumerate(host.models)
    ]
    for entry in entries:
        if entry.model.canary_of is not None:
            yield from _named(entry, entry.model.canary_of, entries)
    versions: dict[str, list[_Entry]] = {}
    for entry in entries:
        versions.setdefault(entry.model.public, []).append(entry)
    for public, found in versions.items():
        yield from _of_one(public, found)


def _named(entry: _Entry, public: str, entries: list[_Entry]) -> Iterator[Problem]:
    """A version under another name says of which model, and how much of it."""
    meant = [other.model for other in entries if other.model.name == public]
    if not meant:
        expected = "the name of a model of this inventory"
        yield entry.problem("canary_of", public, expected)
    elif all(model.canary_of is not None for model in meant):
        expected = f"a model that is no canary itself: {public} is one of {meant[0].canary_of}"
        yield entry.problem("canary_of", public, expected)
    if entry.model.canary == 0:
        expected = f"a percentage from 1 to 50: it is a canary of {public}"
        yield entry.problem("canary", "0", expected)


def _of_one(public: str, versions: list[_Entry]) -> Iterator[Problem]:
    """The versions of one model belong together, and clients can tell them by nothing."""
    canaries = [each for each in versions if each.model.canary or each.model.canary_of]
    stable = [each for each in versions if each not in canaries]
    if not canaries:
        return
    first = canaries[0]
    if not stable:
        if any(each.model.canary_of is None for each in canaries):
            percent, where = str(first.model.canary), "on this host or another"
            yield first.problem("canary", percent, f"a version of {public} without it {where}")
        return
    yield from _twice(canaries)
    for each in canaries[1:]:
        if each.model.canary != first.model.canary:
            expected = f"{first.model.canary}, as on {first.host}: both are canaries of {public}"
            yield each.problem("canary", str(each.model.canary), expected)
    wanted = _adapters(stable[0].model)
    for each in canaries:
        if (found := _adapters(each.model)) != wanted:
            expected = f"{', '.join(wanted) or 'none'}, as {public} on {stable[0].host} has"
            yield each.problem("lora", ", ".join(found) or NOTHING, expected)


def _twice(canaries: list[_Entry]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for each in canaries:
        before = first.setdefault(each.host, each.index)
        if before != each.index:
            expected = f"one canary of {each.model.public} on a host: models[{before}] is one"
            yield each.problem("canary", str(each.model.canary), expected)


def _adapters(model: Model) -> list[str]:
    """Return the names of its adapters, in the order of the alphabet."""
    return sorted(lora.name for lora in model.lora)
