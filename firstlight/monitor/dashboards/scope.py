"""What a site has, as far as dashboards go by it: kinds of cards, engines, an edge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from firstlight.catalogue.observed import metrics

GPU, DATA_CENTRE, PROFILED = "gpu", "data centre", "profiled"
EDGE, BACKUP = "edge", "backup"
ENGINES = ("vllm", "sglang", "llamacpp", "tgi", "triton", "ollama")


def telling(measure: str) -> tuple[str, ...]:
    """Return the engines that have ``measure``, a row of the catalogue's metrics."""
    return tuple(metrics()[measure].each())


COUNTING, TOKENS = telling("requests_running"), telling("generation_tokens")


@dataclass(frozen=True)
class Scope:
    """The parts that a site has."""

    parts: frozenset[str]
    currency: str = "EUR"

    def has(self, needs: Iterable[str]) -> bool:
        """Whether one of ``needs`` is there, or nothing is needed."""
        wanted = tuple(needs)
        return not wanted or any(each in self.parts for each in wanted)


EVERYTHING = Scope(frozenset({GPU, DATA_CENTRE, PROFILED, EDGE, BACKUP, *ENGINES}))
"""Of a site that has all there is: what the documentation shows."""
