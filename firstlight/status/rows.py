"""The answers to several queries as rows of one table, by their labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from firstlight.monitor.query import Answers, Series
from firstlight.status.stack import Number


class Table:
    """Values of several queries, by the same labels."""

    def __init__(self, answers: Answers, level: str, names: Iterable[str], keys: tuple[str, ...]):
        self.keys = keys
        self._values: dict[str, dict[tuple[str, ...], Number]] = {}
        for name in names:
            found = {self.key(each): each.value for each in answers.series(f"{level}.{name}")}
            self._values[name] = found

    def key(self, series: Series) -> tuple[str, ...]:
        """Return the labels of a series that tell rows apart."""
        return tuple(series.labels.get(key, "") for key in self.keys)

    def rows(self) -> list[tuple[str, ...]]:
        """Return the keys of all rows, in the order of their labels."""
        return sorted({key for found in self._values.values() for key in found}, key=natural)

    def of(self, *key: str) -> dict[str, Number]:
        """Return the values of a row."""
        return {name: found.get(key) for name, found in self._values.items()}


def natural(key: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """Sort GPU 10 behind GPU 9."""
    return tuple((len(text) if text.isdecimal() else 0, text) for text in key)


def labelled(answers: Answers, name: str, *keys: str) -> dict[tuple[str, ...], Mapping[str, str]]:
    """Return the labels of a query's series, by some of them."""
    return {
        tuple(each.labels.get(key, "") for key in keys): each.labels
        for each in answers.series(f"whole.{name}")
    }
