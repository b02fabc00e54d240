"""Brings an inventory's section of the lock up to date, and tells what it lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from firstlight import registry
from firstlight.errors import FirstlightError
from firstlight.lock import hub, ollama
from firstlight.lock.asked import Asked
from firstlight.lock.section import Section, Weights
from firstlight.weights.source import OLLAMA, Source

LookUp = Callable[[Asked], str | Weights]


def look_up(asked: Asked) -> str | Weights:
    """Ask the registry or hub what this means now. Raises :class:`FirstlightError`."""
    if asked.kind == "image":
        return registry.digest_of(asked.name, asked.ca, asked.where)
    source = Source.parse(asked.name)
    if source.scheme == OLLAMA:
        return ollama.manifest(source, asked.hub, asked.where)
    return hub.snapshot(source, asked.hub, hub.token_of(asked.hub_token), asked.where)


def updated(
    before: Section,
    asked: Sequence[Asked],
    packages: Mapping[str, str],
    *,
    anew: bool,
    look_up: LookUp = look_up,
) -> Section:
    """The section that says all that is ``asked``, and nothing else.

    What ``before`` says is kept, unless everything is to be looked up ``anew``. Raises one
    :class:`FirstlightError` with all that cannot be had.
    """
    images: dict[str, str] = {}
    weights: dict[str, Weights] = {}
    errors: list[str] = []
    for each in asked:
        try:
            meaning = _kept(before, each) if not anew else None
            meaning = look_up(each) if meaning is None else meaning
            if isinstance(meaning, Weights):
                _agree(weights.setdefault(each.name, meaning), meaning, each)
            else:
                images[each.name] = meaning
        except FirstlightError as error:
            errors.append(str(error))
    if errors:
        raise FirstlightError("\n".join(errors))
    return Section(images=images, weights=weights, packages=dict(packages))


def lacks(section: Section, asked: Iterable[Asked], packages: Mapping[str, str]) -> list[str]:
    """What a deploy would miss in ``section``, and what nobody asks for, as lines."""
    wanted = list(asked)
    return [*_missing(section, wanted), *_stale(section, wanted, packages)]


def _missing(section: Section, wanted: Sequence[Asked]) -> Iterator[str]:
    for each in wanted:
        if not each.pinned and _kept(section, each) is None:
            yield f"missing: {each.kind} {each.name}, asked for by {each.where}"


def _stale(section: Section, wanted: Sequence[Asked], packages: Mapping[str, str]) -> Iterator[str]:
    names = {(each.kind, each.name) for each in wanted}
    there = [*(("image", name) for name in section.images)]
    there += [("weights", name) for name in section.weights]
    for kind, name in sorted(there):
        if (kind, name) not in names:
            yield f"stale: {kind} {name}, asked for by nobody"
    for name in sorted({*packages, *section.packages}):
        said, declared = section.packages.get(name), packages.get(name)
        if said != declared:
            yield f"stale: package {name}, {said or 'none'} here and {declared or 'none'} declared"


def _kept(section: Section, asked: Asked) -> str | Weights | None:
    if asked.kind == "image":
        return section.images.get(asked.name)
    return section.weights.get(asked.name)


def _agree(first: Weights, other: Weights, asked: Asked) -> None:
    """One name means one thing: two hubs that say different things cannot both be locked."""
    if first != other:
        raise FirstlightError(
            f"two hubs do not agree on {asked.name}",
            where=asked.where,
            why=f"one says {first.revision}, {asked.hub or 'the public one'} {other.revision}",
            fix="write the commit into the inventory where the hubs differ",
        )
