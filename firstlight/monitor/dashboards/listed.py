"""The list of all panels, as it stands in docs/dashboards.md."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.monitor.dashboards import ALL
from firstlight.monitor.dashboards.panel import Dashboard, Panel, Row
from firstlight.monitor.dashboards.scope import BACKUP, DATA_CENTRE, EDGE, ENGINES, GPU, PROFILED

HEAD = "| row | panel | what | only with |\n|---|---|---|---|\n"
PARTS = {
    GPU: "GPUs",
    DATA_CENTRE: "data-centre cards",
    PROFILED: "data-centre cards that are profiled",
    EDGE: "an edge",
    BACKUP: "backups",
    "vllm": "vLLM",
    "sglang": "SGLang",
    "llamacpp": "llama.cpp",
    "tgi": "TGI",
    "triton": "Triton",
    "ollama": "Ollama",
}


def listed() -> str:
    """Return every dashboard with its panels as Markdown."""
    return "\n".join(_section(each) for each in ALL)


def _section(dashboard: Dashboard) -> str:
    only = f" Only with {_parts(dashboard.needs)}." if dashboard.needs else ""
    lines = "".join(_lines(dashboard))
    return f"### {dashboard.title}\n{dashboard.description}{only}\n\n{HEAD}{lines}"


def _lines(dashboard: Dashboard) -> Iterator[str]:
    for row in dashboard.rows:
        for panel in row.panels:
            needs = _needs(row, panel, dashboard)
            yield f"| {row.title} | {panel.title} | {panel.description} | {_parts(needs)} |\n"


def _needs(row: Row, panel: Panel, dashboard: Dashboard) -> tuple[str, ...]:
    wanted = panel.needs or row.needs
    return () if wanted == dashboard.needs else wanted


def _parts(needs: tuple[str, ...]) -> str:
    named = [PARTS[each] for each in needs if each not in ENGINES]
    engines = [PARTS[each] for each in ENGINES if each in needs]
    return ", ".join([*named, *engines])
