"""A report of six hours, asked of a real Prometheus that has them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from firstlight.cli import report as command
from firstlight.cli.main import cli
from firstlight.errors import FirstlightError
from firstlight.lab import packages
from firstlight.report import plot
from firstlight.report.command import report
from firstlight.report.page import Content, page
from firstlight.report.period import Period, moment, period
from tests.unit.report import history
from tests.unit.status import daemon, site
from tests.unit.status.here import Here


@pytest.fixture(scope="module")
def start() -> float:
    return time.time() // 3600 * 3600 - 86400


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, start: float) -> Iterator[Here]:
    folder = tmp_path_factory.mktemp("history")
    packages.ensure(print, daemon.PROGRAMS)
    history.write(folder, start)
    ports = {"prometheus": daemon.free_port(), "alertmanager": 1}
    with daemon.prometheus(folder, {}, ports["prometheus"]):
        yield Here(ports)


@pytest.fixture(scope="module")
def content(here: Here, start: float) -> Content:
    return report(here, asked(start))


def asked(start: float) -> Period:
    return period(start, start + history.HOURS * 3600, 15, time.time())


class Tags(HTMLParser):
    """Every element with its attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_sums(content: Content) -> None:
    facts = dict(content.facts)
    numbers = {key: float(re.sub(r"[^0-9.]", "", value)) for key, value in facts.items()}
    assert numbers["of the time measured"] > 99 and not content.problems
    assert numbers["tokens generated"] == pytest.approx(200 * 6 * 3600, rel=0.001)
    assert numbers["requests"] == pytest.approx(4 * 6 * 3600, rel=0.001)
    assert numbers["energy"] == pytest.approx(12)
    assert numbers["cost (EUR)"] == pytest.approx(18)
    assert numbers["EUR per million tokens"] == pytest.approx(4.17)
    assert numbers["public URL answered"] == pytest.approx(100 * (1 - 1 / 36), abs=0.2)


def test_every_section_has_its_numbers(content: Content) -> None:
    by_key = {each.key: each for each in content.chapters}
    assert [*by_key] == [
        "availability", "latency", "throughput", "errors", "keys", "gpus", "cost", "alerts", "deploys",
    ]  # fmt: skip
    assert all(each.sheets and not each.empty for each in by_key.values())
    assert [each.title for each in by_key["gpus"].pictures] == [
        "Use", "Memory, most", "Power", "Temperature, most",
    ]  # fmt: skip
    rows = {row[0]: row for row in by_key["keys"].sheets[0].rows}
    assert float(rows["alice"][1].replace(",", "")) == pytest.approx(1.5 * 21600, rel=0.001)
    assert len(by_key["gpus"].sheets[0].rows) == 4
    waiting = next(p for p in by_key["throughput"].pictures if "wait" in p.title)
    assert waiting.legend[0].most == "40.0"  # two minutes of six hours are not lost between points
    assert by_key["latency"].pictures[0].limit == "2.0 s"


def test_what_happened(content: Content, start: float) -> None:
    alerts = next(each for each in content.chapters if each.key == "alerts").sheets[0].rows
    at = [time.strftime("%m-%d %H:%M", time.gmtime(start + age)) for age in (5400, 7200)]
    assert [(row[2], row[3], row[4]) for row in alerts] == [
        ("critical", "GpuMissing", "gpu2"),
        ("critical", "HostDown", "gpu2"),
    ]
    assert alerts[0][0] in (at[0], *(f"{at[0][:-2]}{m:02d}" for m in range(26, 33)))
    assert alerts[1][1] == "still firing" and alerts[0][1] > at[0]
    runs = next(each for each in content.chapters if each.key == "deploys").sheets[0].rows
    when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(start + 9990))
    assert runs == (
        (when, "gpu1", "failed", "0.7.0", "Edge | reload"),
        (when, "gpu2", "failed", "–", ""),
    )


def test_the_page_needs_nothing_but_itself(content: Content) -> None:
    text = page(content)
    found = Tags(text)
    assert found.open == []
    names = [tag for tag, _ in found.tags]
    assert not {"script", "link", "img", "iframe", "image", "use"} & {*names}
    for _, attributes in found.tags:
        assert not {"src", "style", "onload"} & {*attributes}
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"url\(|@import|https?:", text)
    assert names.count("svg") == sum(len(each.pictures) for each in content.chapters) >= 15
    assert (
        "default-src 'none'" in text and "prefers-color-scheme" in text and "@media print" in text
    )
    # Names are what they are: text, without what turns it around.
    assert "<script>" in found.text and "<script" not in text and "\u202e" not in text
    assert "\x1b" not in text and "\\x1b[31m" in text and "nan" not in text
    assert len(text) < 400_000


def test_points_are_bounded_and_gaps_are_gaps(content: Content) -> None:
    paths = re.findall(r'class="line c\d" d="([^"]+)"', page(content))
    assert paths and max(path.count("L") for path in paths) == 240
    assert all(path.count("M") == 1 for path in paths)
    some = [(0.0, 1.0), (15.0, 2.0), (60.0, 3.0), (75.0, float("nan")), (90.0, 0.0)]
    hour = Period(0, 3600, 15)
    drawn = str(plot.svg([plot.Line('"><script>', some)], hour, str, 5.0, [1800]))
    path = re.search(r'class="line c0" d="([^"]+)"', drawn)
    assert path and (path[1].count("M"), path[1].count("L")) == (3, 1)
    assert "<script" not in drawn and drawn.count('class="mark"') == 1
    year = period(0, 365 * 86400, 15, 2e9)
    assert year.seconds / year.step <= 240 and year.window == year.step


def test_nothing_is_said_with_its_reason(here: Here, start: float) -> None:
    with pytest.raises(FirstlightError, match="nothing was measured"):
        report(here, period(start - 90000, start - 86400, 15, time.time()))
    with pytest.raises(FirstlightError, match="does not answer"):
        report(Here(here.ports, silent=("mon1",)), asked(start))
    # Of the last hour but one host's CPU: what is not there says why, and no section is missing.
    early = report(here, period(start + 60, start + 240, 15, time.time()))
    empty = {each.key: each.empty for each in early.chapters if each.empty}
    assert set(empty) == {"alerts", "deploys"} and "no alert fired" in page(early)


def test_times() -> None:
    assert moment("2026-11-21", 0) == moment("2026-11-21T00:00:00Z", 0) == 1795219200
    assert moment("2026-11-21T01:00:00+01:00", 0) == 1795219200 and moment("now", 7) == 7
    for start, end in ((100, 50), (2000, 3000), (0, 60), (-4e7, 900)):
        with pytest.raises(FirstlightError):
            period(start, end, 15, 1000)
    with pytest.raises(FirstlightError, match="no time") as error:
        moment("yesterday", 0)
    assert "2026-11-21T08:30" in error.value.fix


def test_the_command(
    here: Here, start: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Opened:
        def __init__(self, inventory: str) -> None: ...
        def __enter__(self) -> Here:
            return here

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(command, "Session", Opened)
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "page.html"
    words = ["report", "@local", "-o", str(out)]
    fmt = "%Y-%m-%dT%H:%M:%S"
    times = [time.strftime(fmt, time.gmtime(start + age)) for age in (0, 3600)]
    done = CliRunner().invoke(cli, [*words, "--from", times[0], "--to", times[1]])
    assert done.exit_code == 0 and site.HOSTILE not in out.read_text(), done.output
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    for wrong in (["--last", "soon"], ["--to", "now"], ["--last", "1h", "--from", times[0]]):
        assert CliRunner().invoke(cli, [*words, *wrong]).exit_code == 2
