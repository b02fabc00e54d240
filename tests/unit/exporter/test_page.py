"""Pages of metrics are what Prometheus reads."""

from __future__ import annotations

import subprocess
from pathlib import Path

from firstlight.exporter.page import Page, replaced
from firstlight.lab.packages import ensure

PROMTOOL = "/usr/bin/promtool"
PAGE = """\
# HELP firstlight_a_total What a is.
# TYPE firstlight_a_total counter
firstlight_a_total{gpu="0000:01:00",xid="79"} 2
# HELP firstlight_doors How many doors.
# TYPE firstlight_doors gauge
firstlight_doors 0
firstlight_doors{name="a \\"b\\" \\\\ \\n"} 1795286937.75
"""


def page() -> Page:
    made = Page()
    made.add("firstlight_doors", "How many doors.", False)
    made.add("firstlight_doors", "How many doors.", 1795286937.75, name='a "b" \\ \n')
    made.add("firstlight_a_total", "What a is.", 1, "counter", xid="79", gpu="0000:01:00")
    made.add("firstlight_a_total", "What a is.", 2, "counter", xid="79", gpu="0000:01:00", by="")
    return made


def test_a_page_is_written_in_one_order() -> None:
    assert page().text() == PAGE


def test_prometheus_takes_it() -> None:
    ensure(print, {"prometheus": PROMTOOL})
    words = [PROMTOOL, "check", "metrics"]
    done = subprocess.run(
        words, input=PAGE, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_reader_never_sees_half_of_it(tmp_path: Path) -> None:
    path = tmp_path / "facts.prom"
    replaced(path, "old\n")
    replaced(path, PAGE)
    assert path.read_text() == PAGE and path.stat().st_mode & 0o777 == 0o644
    assert [each.name for each in tmp_path.iterdir()] == ["facts.prom"]
