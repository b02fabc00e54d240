"""The option ``--gpu``: cards by what people call them."""

from __future__ import annotations

from firstlight.catalogue.named import card_name, cards_like, counted
from firstlight.catalogue.nvidia import gpu_cards
from firstlight.errors import FirstlightError
from firstlight.sizing.machine import Machine, from_card

MOST = 64


def machine_of(text: str, count: int | None) -> Machine:
    """The cards that ``text`` names (``4090``, ``8xh100``); ``count`` stands above its own.

    Raises :class:`FirstlightError` for a card that the catalogue does not have.
    """
    written, rest = counted(text)
    name = card_name(rest)
    if name is None:
        like = cards_like(rest)
        raise FirstlightError(
            f'"{rest}" is no card of the catalogue' if not like else f'"{rest}" is not one card',
            where="--gpu",
            fix=f"one of: {', '.join(like or sorted(gpu_cards()))}",
        )
    number = written if count is None else count
    if not 1 <= number <= MOST:
        what = f"{number} cards are too {'many' if number else 'few'}"
        raise FirstlightError(what, where="--gpus", fix=f"1 to {MOST}")
    return from_card(name, number)
