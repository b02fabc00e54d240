"""The user's own rule files, looked at by promtool before anything is changed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from firstlight.errors import FirstlightError
from firstlight.settings.host import HostSettings

CHECK_SECONDS = 60
PROMTOOL = "promtool"


def refused(path: Path, promtool: str | None) -> str:
    """Return why Prometheus would refuse the rules in ``path``; "" if it would not.

    Without a ``promtool`` on the control machine only the YAML is looked at: a monitor's own
    looks at the rest.
    """
    if promtool is None:
        return malformed(path)
    words = [promtool, "check", "rules", str(path)]
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=CHECK_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"promtool did not end: {error}"
    return "" if done.returncode == 0 else words_of(done.stdout + done.stderr)


def malformed(path: Path) -> str:
    """Return what is wrong with the YAML in ``path``, with file and line; "" if nothing is."""
    try:
        found: Any = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        return f"{path}: {error}"
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        return f"{path}{line}: {getattr(error, 'problem', None) or error}"
    if not isinstance(found, dict) or not isinstance(found.get("groups"), list):
        return f"{path}:1: no list of groups"
    return ""


def words_of(said: str) -> str:
    """Return the lines of promtool's output that tell what is wrong."""
    lines = [line.strip() for line in said.splitlines()]
    return "\n".join(
        line for line in lines if line and not line.startswith(("Checking", "SUCCESS", "FAILED"))
    )


def rule_obstacles(settings: HostSettings) -> Iterator[FirstlightError]:
    """Yield the user's rule files that would be refused, in promtool's words where it is here."""
    promtool = shutil.which(PROMTOOL)
    for path in settings.monitor.prometheus.rules:
        if why := refused(path, promtool):
            yield wrong(settings, why)


def unjudged(settings: HostSettings) -> dict[str, str]:
    """Return the rules that only the monitor's own promtool can judge, by their files' names."""
    if shutil.which(PROMTOOL) is not None:
        return {}
    return {path.name: path.read_text() for path in settings.monitor.prometheus.rules}


def host_rule_obstacles(
    settings: HostSettings, said: Mapping[str, str]
) -> Iterator[FirstlightError]:
    """Yield those that the promtool of the monitor itself refuses: what it ``said``, by file."""
    for path in settings.monitor.prometheus.rules:
        if why := said.get(path.name):
            yield wrong(settings, words_of(why).replace("/dev/stdin", str(path)))


def wrong(settings: HostSettings, why: str) -> FirstlightError:
    """The error of a rule file that Prometheus would refuse."""
    return FirstlightError(
        "a file with rules of your own is refused; nothing has been changed",
        where=f"{settings.name}: monitor.prometheus.rules",
        why=why,
        fix="correct it at the line that is named; promtool check rules FILE says whether it is",
    )
