"""Recording rules: one set of names over all engines, made from the catalogue's table."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.catalogue.observed import MetricRow, Names, Sources, metrics, records
from firstlight.monitor.rule import Group, Record

REPLICA = "instance, model, replica, engine"
QUANTILES = {"p50": "0.5", "p95": "0.95", "p99": "0.99"}
UTILIZATION = "llm_batch_utilization:ratio"
BEFORE = ("edge",)
"""Groups of the catalogue that the engines' records take from."""


def record_groups() -> tuple[Group, ...]:
    """All recording rules, in the order in which they need each other."""
    fixed = {
        name: Group(
            f"firstlight-{name}", tuple(Record(key, row.expr) for key, row in found.items())
        )
        for name, found in records().items()
    }
    engines = Group("firstlight-engines", tuple(engine_records()))
    before = [fixed[name] for name in BEFORE]
    return (*before, engines, *(group for name, group in fixed.items() if name not in BEFORE))


def engine_records() -> Iterator[Record]:
    """The engines' recording rules, a replica's before its model's."""
    for row in metrics().values():
        yield from _KINDS[row.kind](row)
    yield from _utilization()


def _gauge(row: MetricRow) -> Iterator[Record]:
    yield Record(f"replica:{row.record}", _either(row, "", row.over))
    yield from _model(row)


def _rate(row: MetricRow) -> Iterator[Record]:
    yield Record(f"replica:{row.record}", _either(row, row.window))
    yield from _model(row)


def _model(row: MetricRow) -> Iterator[Record]:
    if row.model:
        expr = f"{row.model} by (model) (replica:{row.record})"
        yield Record(f"model:{row.record}", f"{expr}\nor {row.edge}" if row.edge else expr)


def _ratio(row: MetricRow) -> Iterator[Record]:
    above, below = _either(row, row.window), _either(row.of, row.window)
    yield Record(f"replica:{row.record}", f"(\n{above}\n) / (\n{below}\n) >= 0")
    yield Record(
        f"model:{row.record}",
        f"sum by (model) (\n{above}\n) / sum by (model) (\n{below}\n) >= 0",
    )


def _histogram(row: MetricRow) -> Iterator[Record]:
    buckets = f"replica:{row.record}_bucket:rate5m"
    sources = [_rates(names, "5m", f"{REPLICA}, le", "_bucket") for names in row.each().values()]
    yield Record(buckets, "\nor ".join(sources))
    for name, quantile in QUANTILES.items():
        # Without a request a quantile is NaN, which no comparison is true of: it is dropped.
        yield Record(
            f"replica:{row.record}:{name}", f"histogram_quantile({quantile}, {buckets}) >= 0"
        )
        expr = f"histogram_quantile({quantile}, sum by (le, model) ({buckets})) >= 0"
        edge = f"\nor {row.edge}:{name}" if row.edge else ""
        yield Record(f"model:{row.record}:{name}", expr + edge)


_KINDS = {"gauge": _gauge, "rate": _rate, "ratio": _ratio, "histogram": _histogram}


def _utilization() -> Iterator[Record]:
    most = "max by (instance, model, replica) (firstlight_model_concurrency)"
    running = "replica:llm_requests_running"
    yield Record(
        f"replica:{UTILIZATION}",
        f"{running} / on (instance, model, replica) group_left () {most}",
    )
    yield Record(
        f"model:{UTILIZATION}",
        f"sum by (model) ({running}) / sum by (model) ({most} and on (instance, model, replica) {running})",
    )


def _either(row: Sources, window: str, over: str = "sum") -> str:
    """The measure of whichever engine has it, by replica."""
    return "\nor ".join(_rates(names, window, REPLICA, "", over) for names in row.each().values())


def _rates(names: Names, window: str, by: str, suffix: str, over: str = "sum") -> str:
    """The sum of an engine's metrics; those beside the first count as nothing where they lack."""
    parts = [_one(name, window, by, suffix, over) for name in names]
    others = "".join(f"\n  + ({part} or {parts[0]} * 0)" for part in parts[1:])
    return f"({parts[0]}{others})" if others else parts[0]


def _one(name: str, window: str, by: str, suffix: str, over: str) -> str:
    base, _, labels = name.partition("{")
    inside = f'job="engine", {labels}' if labels else 'job="engine"}'
    selector = f"{base}{suffix}{{{inside}"
    return f"{over} by ({by}) ({f'rate({selector}[{window}])' if window else selector})"
