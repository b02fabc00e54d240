"""The last run of firstlight that changed something here: when, by which version, and how it ended."""

from __future__ import annotations

import datetime
import time
from pathlib import Path
from typing import Any

from firstlight.exporter.models import read
from firstlight.exporter.page import Page

RUNNING, WELL, FAILED = "running", "ok", "failed"


def moment(text: object) -> int | None:
    """Return a time such as 2026-11-21T18:35:33+00:00 as a Unix time; None for anything else."""
    try:
        return int(datetime.datetime.fromisoformat(str(text)).timestamp())
    except ValueError:
        return None


def last(spec: dict[str, Any], root: Path) -> dict[str, Any]:
    """Return the mark of the last run; where none was made what the receipt tells."""
    mark = read(root / spec["run"]["mark"].lstrip("/"))
    if mark.get("result") in (RUNNING, WELL, FAILED) and moment(mark.get("began")) is not None:
        return mark
    receipt = read(root / spec["run"]["receipt"].lstrip("/"))
    if moment(receipt.get("finished")) is None:
        return {}
    seen = {"began": receipt["finished"], "ended": receipt["finished"], "result": WELL}
    return {**seen, "version": str(receipt.get("firstlight", ""))}


def told(page: Page, spec: dict[str, Any], root: Path) -> None:
    """Tell how the last run ended. While one goes on, nothing is told of how it will.

    A run that went on for longer than any does has lost its control machine: it has failed.
    """
    mark = last(spec, root)
    began = moment(mark.get("began"))
    if not mark or began is None:
        return
    result = mark["result"]
    running = result == RUNNING
    if running and time.time() - began > spec["run"]["longest_seconds"]:
        running, result = False, FAILED
    at = moment(mark.get("ended")) or began
    about = "When the last run that changed something ended (or began), in seconds since 1970."
    page.add("firstlight_deploy_time_seconds", about, at)
    page.add("firstlight_deploy_running", "Whether a run goes on.", running)
    if not running:
        about = "Whether the last run that changed something ended well."
        page.add("firstlight_deploy_success", about, result == WELL)
    labels = {key: str(mark.get(key) or "") for key in ("version", "lock", "by", "operation")}
    about = "The last run: version, lock, who, and the operation that failed where one did."
    page.add("firstlight_deploy_info", about, 1, **labels)
