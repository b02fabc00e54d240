"""docs/monitor.md: its settings are the ones there are; every page's commands and links work.

UPDATE_EXPECTED=1 writes the table of settings anew.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from pydantic import ByteSize
from pydantic_core import PydanticUndefined

from firstlight.cli.main import cli
from firstlight.settings.monitor import Monitor
from firstlight.settings.section import Section

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/monitor.md"
BEGIN = "<!-- settings: written by UPDATE_EXPECTED=1 pytest tests/unit/test_monitor_page.py -->\n"
END = "<!-- end of settings -->\n"
OBSERVES = ("monitor", "alerting", "dashboards", "exporters", "gpu-metrics", "logs", "prometheus",
            "status", "uninstall")  # fmt: skip
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def rows(section: type[Section], before: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield key, default and description of every setting, those of its sections after it."""
    for name, field in section.model_fields.items():
        key, kind = f"{before}{name}", field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from rows(kind, f"{key}.")
        else:
            default = field.get_default(call_default_factory=True)
            yield key, shown(default), str(field.description)


def shown(default: Any) -> str:
    """Return a default as the inventory would say it; nothing for one that says nothing."""
    if default is PydanticUndefined or default is None or default in ((), {}):
        return ""
    if isinstance(default, ByteSize):
        return f'`"{default // 10**9}GB"`'
    return f"`{default!r}`".replace("'", '"')


def table() -> str:
    lines = [f"| `{key}` | {default} | {said} |" for key, default, said in rows(Monitor)]
    return "\n".join(["| key | default | what it says |", "|---|---|---|", *lines]) + "\n"


def test_the_settings_are_those_there_are() -> None:
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    found, after = rest.split(END)
    if os.environ.get("UPDATE_EXPECTED"):
        PAGE.write_text(f"{before}{BEGIN}{table()}{END}{after}")
        return
    assert found == table()


def test_a_setting_that_is_named_is_one() -> None:
    """A key that text names, as `monitor.x.y`, in any page about observation."""
    known = {f"monitor.{key}" for key, _, _ in rows(Monitor)}
    parents = {key.rpartition(".")[0] for key in known}
    for name in OBSERVES:
        named = re.findall(r"`(monitor(?:\.[a-z_]+)+)`", (ROOT / f"docs/{name}.md").read_text())
        below = {"monitor.alerts.receivers", "monitor.alerts.watchdog", "monitor.alerts.off"}
        for key in named:
            free = any(key.startswith(f"{each}.") for each in below)
            assert key in known | parents or free, f"docs/{name}.md: {key}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in link and not link.startswith("mailto:"):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of every firstlight command in blocks of code and in `code`."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.S | re.M)
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    for line in [*lines, *re.findall(r"`([^`\n]+)`", text)]:
        if re.match(r"(firstlight|pyinfra) ", line):
            words = shlex.split(line.partition(" # ")[0].replace("'", '"').rstrip("…"), posix=False)
            yield words


def unknown(words: list[str]) -> str:
    """Return the first word that the command line would not take; empty where it takes all."""
    if words[0] == "pyinfra":
        deploys = [word for word in words if word.startswith("deploys/")]
        return next((word for word in deploys if not (ROOT / word).exists()), "")
    command: click.Command = cli
    for word in words[1:]:
        options = {name for each in command.params for name in each.opts + each.secondary_opts}
        if word.startswith("--") and word.partition("=")[0] not in {*options, "--help", "--debug"}:
            return word
        if isinstance(command, click.Group) and not word.startswith("-"):
            found = command.get_command(click.Context(command), word)
            if found is None:
                return word if word.islower() and word.isalpha() else ""
            command = found
    return ""


@pytest.mark.parametrize("name", ["README", *(f"docs/{name}" for name in OBSERVES)])
def test_commands_are_those_there_are(name: str) -> None:
    found = list(commands((ROOT / f"{name}.md").read_text()))
    wrong = {" ".join(words): word for words in found if (word := unknown(words))}
    assert wrong == {}
    if name in ("README", "docs/monitor", "docs/status"):
        assert any(words[:2] == ["firstlight", "status"] for words in found)


def test_what_is_no_command_is_found() -> None:
    assert unknown(["firstlight", "statsu", "inventories/prod.py"]) == "statsu"
    assert unknown(["firstlight", "status", "x.py", "--wacth"]) == "--wacth"
    assert unknown(["firstlight", "alert", "tset", "x.py"]) == "tset"
    assert unknown(["pyinfra", "x.py", "deploys/monitors.py"]) == "deploys/monitors.py"
    assert unknown(["firstlight", "alert", "test", "x.py", "--receiver", "ops"]) == ""
