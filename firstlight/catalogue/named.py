"""Finds a model or a card by what people call it."""

from __future__ import annotations

import re
from functools import cache

from firstlight.catalogue.load import models, refused_models
from firstlight.catalogue.nvidia import gpu_cards
from firstlight.catalogue.row import ModelRow, RefusedModel

_COUNT = re.compile(r"(?:(\d{1,3})\s*[x×*]\s*)?(.+?)", re.I)
_MAKER = re.compile(r"nvidia|geforce|tesla|quadro|blackwell|[\s_-]")


@cache
def _models_by_name() -> dict[str, str]:
    return {
        each.lower(): name
        for name, row in models().items()
        for each in (name, *row.aliases, row.repo)
    }


def model_name(text: str) -> str | None:
    """The catalogue's name of a model: by name, alias or repository, in any case; else None."""
    return _models_by_name().get(text.strip().lower())


def model_row(text: str) -> ModelRow | None:
    """The catalogue's row of a model by name, alias or repository; None for an unknown one."""
    name = model_name(text)
    return None if name is None else models()[name]


def refused(text: str) -> RefusedModel | None:
    """Why a model cannot be had, if the catalogue knows that."""
    wanted = text.strip().lower()
    for row in refused_models().values():
        if wanted in {name.lower() for name in row.names}:
            return row
    return None


def _plain(text: str) -> str:
    plain = _MAKER.sub("", text.lower())
    return plain.removeprefix("rtx")


@cache
def _cards_by_name() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, row in gpu_cards().items():
        for each in (name, row.name, *row.aliases):
            found.setdefault(_plain(each), name)
    return found


def card_name(text: str) -> str | None:
    """The catalogue's name of a card ("4090", "RTX 4090", "rtx-4090"); None for an unknown one."""
    return _cards_by_name().get(_plain(text))


def cards_like(text: str) -> list[str]:
    """Names of cards that ``text`` could mean: ``a100`` is two of them."""
    plain = _plain(text)
    return sorted({name for key, name in _cards_by_name().items() if plain and plain in key})


def counted(text: str) -> tuple[int, str]:
    """The count and the rest of ``8xh100``; one where no count is given."""
    found = _COUNT.fullmatch(text.strip())
    if found is None or not found[1]:
        return 1, text.strip()
    return int(found[1]), found[2]
