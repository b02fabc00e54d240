"""Every alert fires where it shall, says what it should, and is silent where it shall be."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstlight.catalogue.observed import ALERT_GROUPS, alert_names
from tests.monitor.promtool import judged, needed
from tests.monitor.rules.cases import cases, every, judgement


@pytest.mark.parametrize("group", ALERT_GROUPS)
def test_alerts_fire_and_stay_silent(group: str, texts: dict[str, str], folder: Path) -> None:
    judged(folder, *((needed(texts, [name]), judgement(group, name)) for name in cases(group)))


def test_every_alert_has_a_case_of_each_kind() -> None:
    found = every()
    assert set(found) == alert_names()
    fires = {name for name, each in found.items() if any("summary" in case for case in each)}
    silent = {name for name, each in found.items() if any("summary" not in case for case in each)}
    assert alert_names() - fires == set()
    assert alert_names() - silent == {"Watchdog"}
