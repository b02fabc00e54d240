"""The program: ``facts.pyz SPEC`` looks at the host once and writes what it found.

SPEC is the JSON of :func:`firstlight.exporter.spec.spec`. It ends with 1 where a part could not be
looked at; the others are written all the same.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firstlight.exporter import certificates, deploys, gpus, models, units, upkeep, xids
from firstlight.exporter.page import Page, replaced

FILE, STATE = "facts.prom", "state.json"


def parts(
    page: Page, spec: dict[str, Any], state: dict[str, Any], root: Path, folder: Path
) -> dict[str, Callable[[], None]]:
    """Return what is looked at, by its name."""
    return {
        "gpus": lambda: gpus.told(page, spec, state, root, folder),
        "xids": lambda: xids.told(page, state, root),
        "units": lambda: units.told(page, spec),
        "upkeep": lambda: upkeep.told(page, spec, root),
        "certificates": lambda: certificates.told(page, spec, root),
        "models": lambda: models.told(page, spec, root),
        "deploys": lambda: deploys.told(page, spec, root),
    }


def main(words: list[str], root: Path = Path("/")) -> int:
    """Look once. What one part meets does not keep the others from being told."""
    began = time.monotonic()
    spec = json.loads(Path(words[0]).read_text(encoding="utf-8"))
    folder = Path(spec["state"])
    state = models.read(folder / STATE)
    page, failures = Page(), 0
    about = "Whether a part of the host could not be looked at."
    for name, look in parts(page, spec, state, root, folder).items():
        failed = False
        try:
            look()
        except Exception as error:  # whatever it is: it is told, and the rest is needed
            failed = True
            sys.stderr.write(f"{name}: {type(error).__name__}: {error}\n")
        failures += failed
        page.add("firstlight_facts_failed", about, failed, part=name)
    # What was counted is kept before it is told: after a power cut it is not counted again.
    replaced(folder / STATE, json.dumps(state, sort_keys=True) + "\n", 0o600)
    about = "When the host was last looked at, in seconds since 1970."
    page.add("firstlight_facts_time_seconds", about, int(time.time()))
    about = "How long that took."
    page.add("firstlight_facts_seconds", about, round(time.monotonic() - began, 3))
    replaced(Path(spec["metrics"]) / FILE, page.text())
    return int(failures > 0)
