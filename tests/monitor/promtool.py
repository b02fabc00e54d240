"""Cases for `promtool test rules`, and running it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from firstlight.lab.packages import ensure

LIMIT_SECONDS = 120
METRIC = re.compile(r"[a-zA-Z_:][\w:]*")
Case = tuple[Mapping[str, str], Iterable[Mapping[str, Any]]]
PROGRAMS = {"prometheus": "/usr/bin/promtool"}


def checked(*words: str | Path) -> str:
    """What promtool says; an assertion where it finds fault."""
    ensure(print, PROGRAMS)
    command = ["/usr/bin/promtool", *map(str, words)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout + done.stderr


def written(folder: Path, rules: Mapping[str, str]) -> list[Path]:
    """``rules`` as files in ``folder``."""
    for name, text in rules.items():
        (folder / name).write_text(text, "utf-8")
    return [folder / name for name in rules]


def judged(folder: Path, *cases: Case) -> None:
    """Run the tests of every case over its own rules, in one process."""
    paths = []
    for number, (rules, tests) in enumerate(cases):
        own = folder / str(number)
        own.mkdir()
        paths.append(_case(own, rules, tests))
    checked("test", "rules", *paths)


def _case(folder: Path, rules: Mapping[str, str], tests: Iterable[Mapping[str, Any]]) -> Path:
    """The file of a case; groups are computed in the order they stand in."""
    files = written(folder, rules)
    order = [group["name"] for path in files for group in groups_of(path.read_text())]
    case = {
        "rule_files": [path.name for path in files],
        "evaluation_interval": "1m",
        "group_eval_order": order,
        "tests": list(tests),
    }
    path = folder / "cases.yml"
    path.write_text(yaml.safe_dump(case, sort_keys=False, allow_unicode=True), "utf-8")
    return path


def needed(texts: Mapping[str, str], wanted: Iterable[str]) -> dict[str, str]:
    """Of ``texts`` the rules ``wanted`` and what they need: every rule costs at every step."""
    found = {name: groups_of(text) for name, text in texts.items()}
    rules = [rule for groups in found.values() for group in groups for rule in group["rules"]]
    exprs: dict[str, str] = {_name(rule): rule["expr"] for rule in rules}
    kept: set[str] = set()
    left = {name for name in wanted if name in exprs}
    while left:
        kept |= left
        words = {word for name in left for word in METRIC.findall(exprs[name])}
        left = (words & set(exprs)) - kept
    return {name: _only(groups, kept) for name, groups in found.items()}


@cache
def groups_of(text: str) -> list[dict[str, Any]]:
    """The groups of a rule file; reading one takes a tenth of a second."""
    groups: list[dict[str, Any]] = yaml.safe_load(text)["groups"]
    return groups


def _name(rule: Mapping[str, str]) -> str:
    return rule.get("record") or rule["alert"]


def _only(groups: Iterable[Mapping[str, Any]], kept: set[str]) -> str:
    some = [
        {"name": group["name"], "rules": rules}
        for group in groups
        if (rules := [rule for rule in group["rules"] if _name(rule) in kept])
    ]
    return yaml.safe_dump({"groups": some}, sort_keys=False)


def series(line: str) -> dict[str, str]:
    """A line `metric{labels} values` as promtool has it."""
    cut = line.rindex("}") + 1 if "}" in line else line.index(" ")
    return {"series": line[:cut].strip(), "values": line[cut:].strip()}
