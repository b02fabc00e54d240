"""Maintenance: alerts of the hosts of a run are silent while it works on them.

A silence ends by itself: a run that dies leaves one of :data:`LASTS` seconds. While the run lives
it is made longer again and again; when the run ends it is cut to the time in which Prometheus sees
that all is well again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firstlight.monitor import silence_program
from firstlight.monitor.alertmanager import URL
from firstlight.settings.fronts import Site
from firstlight.settings.watched import monitors

LASTS = 900
"""Seconds that a silence lasts when nobody makes it longer."""
RENEWED = 300
"""Seconds after which a run makes it longer."""
SECONDS = 20
"""How long a monitor may take to answer: a run does not wait for one that is away."""


@dataclass(frozen=True)
class Silences:
    """The silences on one monitor: of each its id and the Unix time there at which it began."""

    found: tuple[tuple[str, float], ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Watched:
    """What one monitor is to silence: alerts of ``hosts``, and of ``models`` as a whole.

    ``interval`` is in seconds.
    """

    hosts: tuple[str, ...]
    models: tuple[str, ...]
    interval: int

    @property
    def matchers(self) -> list[dict[str, str]]:
        """The patterns of labels of each silence."""
        found = [{"instance": pattern(self.hosts)}]
        # What is said of a model has no host. Users of it are not to notice a run that leaves it
        # elsewhere: only a model that is wholly in the run's hands is silent.
        return [*found, {"instance": "", "model": pattern(self.models)}] if self.models else found


def watched(site: Site, asked: Iterable[str]) -> dict[str, Watched]:
    """Return by the name of each monitor what it is to silence while a run works on ``asked``."""
    hosts = tuple(asked)
    serving: dict[str, set[str]] = {}
    for each in site.values():
        for model in each.models:
            serving.setdefault(model.public, set()).add(each.name)
    models = tuple(sorted(name for name, where in serving.items() if where <= set(hosts)))
    found: dict[str, list[str]] = {}
    for name in hosts:
        for monitor in monitors(site[name], site):
            found.setdefault(monitor.name, []).append(name)
    return {
        name: Watched(tuple(mine), models, site[name].monitor.interval)
        for name, mine in found.items()
        if site[name].monitor.prometheus.mode == "server"
    }


def pattern(names: Iterable[str]) -> str:
    """Return the pattern of a label that is one of these names and no other."""
    # Alertmanager's patterns are RE2's and anchored.
    return "|".join(re.escape(name) for name in sorted(names))


def grace(interval: int) -> int:
    """Return the seconds in which Prometheus, which looks every ``interval``, sees a host well.

    It has to look, to evaluate, and to tell Alertmanager: an alert of the run's own making that is
    firing still must not be told in between.
    """
    return 4 * interval


def program(watched: Watched, lasts: int, had: Silences | None = None) -> str:
    """Return the program that silences alerts for ``lasts`` seconds from now.

    ``had`` are the silences that are to end then instead.
    """
    before = dict(enumerate(had.found if had else ()))
    silences = []
    for place, matchers in enumerate(watched.matchers):
        name, began = before.get(place, ("", 0.0))
        silences.append({"matchers": matchers, "id": name, "began": began})
    comment = "firstlight works on these hosts"
    wanted = {"url": URL, "lasts": lasts, "comment": comment, "silences": silences}
    text = Path(silence_program.__file__).read_text("utf-8")
    # JSON as a literal of ASCII alone: no character of a name can end it.
    return f"{text}\nprint(MARK + json.dumps(put(json.loads({json.dumps(wanted)!a}))))\n"


def parsed(output: str) -> Silences:
    """Return what the program said."""
    mark = silence_program.MARK
    lines = [line.removeprefix(mark) for line in output.splitlines() if line.startswith(mark)]
    if not lines:
        return Silences(error="it said nothing")
    said: dict[str, Any] = json.loads(lines[-1])
    return Silences(tuple((each["id"], each["began"]) for each in said["silences"]), said["error"])
