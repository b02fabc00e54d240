"""From a monitor's answers to replicas, and to the models that they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from firstlight.monitor.query import Answers, Series
from firstlight.status.questions import MODEL, REPLICA
from firstlight.status.rows import Table, labelled, natural
from firstlight.status.stack import Model, Replica


def replicas(answers: Answers, names: Collection[str]) -> tuple[Replica, ...]:
    """Return the engines of the hosts with these names: those that are told of, and those seen."""
    table = Table(answers, "replica", REPLICA, ("instance", "model", "replica"))
    info = labelled(answers, "model_info", *table.keys)
    up = {
        table.key(each): each
        for each in answers.series("whole.up")
        if each.labels.get("job") == "engine"
    }
    units = {
        (each.labels.get("instance", ""), unit_of(each)): each
        for each in answers.series("whole.units")
    }
    drained = {table.key(each) for each in answers.series("whole.drained") if each.value == 1}
    found = sorted({*info, *up, *table.rows()}, key=natural)
    return tuple(
        Replica(
            host=key[0],
            model=key[1],
            replica=key[2],
            engine=(info.get(key) or (up[key].labels if key in up else {})).get("engine", ""),
            image=info.get(key, {}).get("image", ""),
            state=state_of(up.get(key) or units.get((key[0], key[2])), key in drained),
            **table.of(*key),
        )
        for key in found
        if key[0] in names and key[1]
    )


def unit_of(series: Series) -> str:
    """Return the replica whose unit a series is about."""
    unit = series.labels.get("unit", "")
    return unit.removeprefix("firstlight-engine-").removesuffix(".service")


def state_of(up: Series | None, drained: bool) -> Any:
    """Return the state of an engine: what answers may still be out of service."""
    if drained:
        return "drained"
    return "no data" if up is None else "serving" if up.value == 1 else "down"


def models(answers: Answers, seen: Iterable[Replica], name: str, all_: bool) -> tuple[Model, ...]:
    """Return the models of the replicas; with ``all_`` also those that only the monitor knows of."""
    table = Table(answers, "model", (*MODEL, "edge_ttft_p95"), ("model",))
    by_model: dict[str, list[Replica]] = {}
    for each in seen:
        by_model.setdefault(each.model, []).append(each)
    if all_:
        for (model,) in table.rows():
            if model not in ("", "-", "other"):  # what the edge counts for requests without one
                by_model.setdefault(model, [])
    return tuple(model_(answers, table, each, by_model[each], name) for each in sorted(by_model))


def model_(answers: Answers, table: Table, name: str, of: Iterable[Replica], monitor: str) -> Model:
    """Return one model over its replicas."""
    values = table.of(name)
    by_edge = values.pop("edge_ttft_p95")
    engines = list(of)
    probes = [
        each.value == 1
        for each in answers.series("whole.public")
        if each.labels.get("model") == name
    ]
    own = values.pop("ttft_p95")
    return Model(
        model=name,
        monitor=monitor,
        serving=sum(each.state == "serving" for each in engines),
        replicas=len(engines),
        public=all(probes) if probes else None,
        ttft_p95=own if own is not None else by_edge,
        ttft_by="engine" if own is not None else "edge" if by_edge is not None else "",
        **values,
    )
