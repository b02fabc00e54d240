"""What is measured and what is told: the catalogue's metrics, recording rules, alerts and XIDs.

They are data, not code, because they are read more often than changed, by people who know PromQL
and no Python; and because one table makes rules, documentation and tests agree.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from firstlight.catalogue.load import rows, table
from firstlight.catalogue.row import Row

ENGINES = ("vllm", "sglang", "llamacpp", "tgi", "triton", "ollama")
"""Engines by their names in labels. Ollama measures nothing of itself."""
Names = tuple[str, ...]
Severity = Literal["critical", "warning", "info"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Sources(_Part):
    """Metrics of each engine; several of one are added up."""

    vllm: Names = ()
    sglang: Names = ()
    llamacpp: Names = ()
    tgi: Names = ()
    triton: Names = ()

    def each(self) -> dict[str, Names]:
        """The engines that have it, and their metrics."""
        return {name: found for name in ENGINES if (found := getattr(self, name, ()))}


class MetricRow(Row, Sources):
    """One measure of all engines under one name."""

    kind: Literal["gauge", "rate", "ratio", "histogram"]
    record: str = Field(description="Name of the recording rule, without its level.")
    unit: str
    help: str
    over: Literal["sum", "max"] = "sum"
    model: Literal["sum", "avg", ""] = Field(
        default="sum", description="How replicas make a model; empty: not at all."
    )
    window: str = Field(default="5m", description="Window of its rates.")
    edge: str = Field(default="", description="Record of the edge for models without their own.")
    of: Sources = Field(default=Sources(), description="What a ratio is divided by.")


class RecordRow(_Part):
    """A recording rule that does not depend on the engine."""

    unit: str
    help: str
    expr: str


class AlertRow(_Part):
    """An alert. ``lasts`` is how long its expression has to hold."""

    severity: Severity
    lasts: str = Field(pattern=r"^\d+[smh]$")
    expr: str
    summary: str
    action: str


class XidRow(_Part):
    """What an XID of NVIDIA's driver means, and what it asks for."""

    severity: Literal["bus", "critical", "warning"]
    name: str
    do: str
    checked: bool


@cache
def metrics() -> MappingProxyType[str, MetricRow]:
    """The measures of engines by name."""
    found = {name: _tuples(row) for name, row in table("metrics").items()}
    return rows(found, MetricRow)


def _tuples(row: dict[str, object]) -> dict[str, object]:
    """``row`` with the lists of its inner table as tuples, which ``rows`` does for the outer."""
    of = row.get("of")
    if not isinstance(of, dict):
        return row
    return row | {"of": Sources(**{key: tuple(value) for key, value in of.items()})}


@cache
def records() -> MappingProxyType[str, MappingProxyType[str, RecordRow]]:
    """Recording rules by group and name, in the order in which they are computed."""
    return MappingProxyType(
        {
            group: MappingProxyType({name: RecordRow(**row) for name, row in found.items()})
            for group, found in table("records").items()
        }
    )


ALERT_GROUPS = ("users", "engine", "edge", "gpu", "host", "watch")


@cache
def alerts() -> MappingProxyType[str, MappingProxyType[str, AlertRow]]:
    """Alerts by group and name."""
    folder = files(__package__).joinpath("alerts")
    texts = {name: folder.joinpath(f"{name}.toml").read_text("utf-8") for name in ALERT_GROUPS}
    return MappingProxyType(
        {
            group: MappingProxyType({k: AlertRow(**v) for k, v in tomllib.loads(text).items()})
            for group, text in texts.items()
        }
    )


@cache
def alert_names() -> frozenset[str]:
    """Names of all alerts."""
    return frozenset(name for group in alerts().values() for name in group)


@cache
def xids() -> MappingProxyType[int, XidRow]:
    """XIDs by number."""
    return MappingProxyType({int(key): XidRow(**row) for key, row in table("xids").items()})
