"""Units of systemd: whether they run, whether they failed, how often engines began anew."""

from __future__ import annotations

from typing import Any

from firstlight.exporter.command import said
from firstlight.exporter.page import Page

SECONDS = 10.0
SHOWN = "Id,LoadState,ActiveState,Type,UnitFileState,NRestarts"
ENGINE = "firstlight-engine-"


def read(names: list[str]) -> list[dict[str, str]]:
    """Return the properties of units; patterns are for those that systemd has loaded."""
    text = said(["systemctl", "show", "--all", "-p", SHOWN, *names], SECONDS) or ""
    blocks = [
        dict(line.partition("=")[::2] for line in part.split("\n")) for part in text.split("\n\n")
    ]
    return [block for block in blocks if block.get("Id") and block.get("LoadState") == "loaded"]


def given_up(replica: str) -> bool:
    """Tell whether the unit of an engine has failed: systemd does not start it again by itself."""
    return any(each["ActiveState"] == "failed" for each in read([f"{ENGINE}{replica}.service"]))


def told(page: Page, spec: dict[str, Any]) -> None:
    """Tell the state of each unit that is installed.

    A service that a timer starts is not active in between: of it only failures are told.
    """
    for unit in read(spec["units"]):
        name, state = unit["Id"], unit.get("ActiveState", "")
        runs = unit.get("Type") != "oneshot" or state == "active"
        # Somebody who disabled and stopped a unit of the system's does not want it.
        wanted = unit.get("UnitFileState") not in ("disabled", "masked") or state == "active"
        if runs and wanted:
            about = "Whether a unit is active (or reloading)."
            active = state in ("active", "reloading", "refreshing")
            page.add("firstlight_unit_active", about, active, unit=name)
        about = "Whether a unit has failed."
        page.add("firstlight_unit_failed", about, state == "failed", unit=name)
        if name.startswith(ENGINE) and unit.get("NRestarts", "").isdecimal():
            about = "Starts anew of an engine that had ended by itself, since it was last started."
            replica = name[len(ENGINE) :].rpartition(".")[0]
            count = int(unit["NRestarts"])
            page.add("firstlight_engine_restarts_total", about, count, "counter", replica=replica)
