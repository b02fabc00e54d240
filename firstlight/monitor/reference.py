"""Pages for people that follow from the catalogue: docs/metrics.md, docs/alert-list.md, runbooks' index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from firstlight.catalogue.observed import (
    ENGINES,
    AlertRow,
    MetricRow,
    alerts,
    metrics,
    records,
    xids,
)
from firstlight.monitor.alert_rules import seconds
from firstlight.monitor.records import QUANTILES, UTILIZATION

SUBJECTS = {
    "users": "What users see",
    "engine": "Engines",
    "edge": "The edge",
    "gpu": "GPUs",
    "host": "Hosts",
    "watch": "The watch itself",
}
FIXED = {"edge": "The edge", "gpu": "GPUs", "host": "Hosts", "cost": "Power and cost"}
METRICS_HEAD = """\
# Metrics: one set of names for all engines

Written by `python -m firstlight.monitor.reference`; a test compares. Every name is a recording rule, computed by
Prometheus every evaluation from what engines, exporters and the edge tell.

How names begin: `replica:` one copy of a model (labels instance, model, replica, engine), `model:` all its copies
(model), `instance:` a host, `gpu:` a GPU (instance, gpu, UUID, modelName), `key:` an API key, `site:` everything.
Rates and ratios are over 5 minutes. Without traffic there is no quantile and no ratio, instead of a zero.

## Engines
"""
METRICS_CONSTANTS = """\
## Constants of the site
Promises, prices and limits are recorded, too: `site:slo_ttft_seconds:p95`, `site:slo_inter_token_seconds:p95`,
`site:slo_errors:ratio`, `site:energy_price:per_kwh`, `site:currency:info{currency}`, and for each host
`instance:hardware_cost:per_hour`, `instance:energy_overhead:ratio`, `instance:backup_age_limit:seconds` (where
backups are made), `instance:certificate_limit:seconds` (of edges whose certificate the site makes: a quarter of
`edge.tls.leaf_days`), `replica:vram_kv:bytes` (where `nvidia.card` names the cards and the model's dimensions are known).
"""
ALERTS_HEAD = """\
# Alerts

Written by `python -m firstlight.monitor.reference`; a test compares. *critical*: users or data are hurt, now;
*warning*: today; *info*: know it. Each has a page in [runbooks](runbooks/README.md). One that does not suit you is
turned off with its reason: `monitor: {"alerts": {"off": {"RebootRequired": "patched every Sunday"}}}`.
`monitor.alerts.patience` multiplies how long things have to last, `monitor.alerts.slo` says what was promised.
"""
INDEX_HEAD = """\
# Runbooks

One page for each alert: what it means, how to look, what to do. Commands are for the host that the alert
names, as root, unless they begin with `firstlight`. The list is written by `python -m firstlight.monitor.reference`.
"""


def metrics_page() -> str:
    """docs/metrics.md"""
    found = [METRICS_HEAD]
    found += [_table(("record", "unit", "what"), _engine_rows())]
    found += ["What they are made of:\n\n", _table(("record", *ENGINES, "edge"), _source_rows())]
    found += [_LACKING]
    for group, title in FIXED.items():
        rows = [(f"`{name}`", row.unit, row.help) for name, row in records()[group].items()]
        found += [f"## {title}\n", _table(("record", "unit", "what"), rows)]
    return "".join([*found, METRICS_CONSTANTS])


_LACKING = """\
Where a column is empty the engine has no such number. A Triton with vLLM's backend shows vLLM's names.
Models without a histogram of their own (llama.cpp, Ollama, Triton) have the edge's time to the first token and to the
end. Ollama measures nothing: firstlight asks it what it has loaded (`firstlight_ollama_*`).

"""


def _engine_rows() -> Iterator[tuple[str, ...]]:
    for row in metrics().values():
        name = row.record + (":" + "\\|".join(QUANTILES) if row.kind == "histogram" else "")
        levels = "`replica:`, `model:`" if row.model else "`replica:`"
        yield f"{levels} `{name}`", row.unit, row.help
    yield (
        f"`replica:`, `model:` `{UTILIZATION}`",
        "share (0 to 1)",
        "Requests that are computed, of those that there is room for (`concurrency` of the model).",
    )


def _source_rows() -> Iterator[tuple[str, ...]]:
    for row in metrics().values():
        cells = [_sources(row, engine) for engine in ENGINES]
        yield f"`{row.record}`", *cells, f"`{row.edge}`" if row.edge else ""


def _sources(row: MetricRow, engine: str) -> str:
    above = " + ".join(f"`{name}`" for name in row.each().get(engine, ()))
    below = " + ".join(f"`{name}`" for name in row.of.each().get(engine, ()))
    return f"{above} / ({below})" if below else above


def alerts_page() -> str:
    """docs/alert-list.md"""
    found = [ALERTS_HEAD]
    for group, title in SUBJECTS.items():
        rows = [
            (f"[{name}](runbooks/{name}.md)", row.severity, _lasts(row), row.action)
            for name, row in alerts()[group].items()
        ]
        head = ("alert", "severity", "lasts", "what to do")
        found += [f"\n## {title}\n", _table(head, rows)]
    numbers = [(str(key), row.severity, row.name, row.do) for key, row in xids().items()]
    found += ["\n## XIDs\n", _table(("XID", "severity", "what", "what to do"), numbers)]
    return "".join(found)


def _lasts(row: AlertRow) -> str:
    return row.lasts if seconds(row.lasts) else "at once"


def index_page() -> str:
    """docs/runbooks/README.md"""
    found = [INDEX_HEAD]
    for group, title in SUBJECTS.items():
        names = ", ".join(f"[{name}]({name}.md)" for name in alerts()[group])
        found.append(f"\n**{title}**: {names}\n")
    return "".join(found)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines) + "\n"


PAGES = {
    "docs/metrics.md": metrics_page,
    "docs/alert-list.md": alerts_page,
    "docs/runbooks/README.md": index_page,
}
"""Pages by their place below the project's root."""


if __name__ == "__main__":
    from pathlib import Path

    for place, page in PAGES.items():
        Path(place).write_text(page(), "utf-8")
