"""One look at an inventory: every host by the first monitor that answers for it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from firstlight.errors import FirstlightError
from firstlight.monitor.asking import Asking, watching
from firstlight.monitor.query import Answers
from firstlight.monitor.seen_site import SeenHost, limited
from firstlight.status import alerts, engines, gathered
from firstlight.status.questions import questions
from firstlight.status.stack import Host, Stack

Part = tuple[SeenHost, Answers, tuple[SeenHost, ...]]
"""A monitor, what it answered, and the hosts that it was asked about."""


@dataclass(frozen=True)
class Scope:
    """What is looked at. ``able`` are the monitors that can be asked about each host.

    ``whole`` says that nothing of the inventory is left out.
    """

    inventory: str
    every: Mapping[str, SeenHost]
    hosts: tuple[SeenHost, ...]
    able: Mapping[str, tuple[str, ...]]
    whole: bool


def scope(asking: Asking, limit: Iterable[str] = ()) -> Scope:
    """Return what ``limit`` leaves of the inventory.

    Raises :class:`FirstlightError` where nobody watches that, or a word names nobody.
    """
    words = tuple(limit)
    every = {each.name: each for each in asking.hosts}
    hosts = limited(asking.hosts, words)
    return Scope(asking.inventory, every, hosts, watching(hosts, every), not words)


def look(asking: Asking, at: Scope) -> Stack:
    """Return the stack as it is now. Changes nothing anywhere.

    Raises :class:`FirstlightError` where no monitor answers at all.
    """
    parts, problems, silent = asked(asking, at)
    if not parts:
        raise FirstlightError("\n".join(str(each) for each in problems))
    first = at.hosts[0]
    unwatched = [f"nobody watches {each.name}" for each in at.hosts if not at.able[each.name]]
    stack = Stack(
        first.site,
        first.currency,
        time.time(),
        notices=(*unwatched, *silent),
        problems=tuple(problems),
    )
    for part in parts:
        stack = joined(stack, part, at)
    order = {name: place for place, name in enumerate(at.every)}
    return replace(stack, hosts=tuple(sorted(stack.hosts, key=lambda each: order[each.name])))


def asked(asking: Asking, at: Scope) -> tuple[list[Part], list[FirstlightError], list[str]]:
    """Ask monitors until every host is answered for: the answers, and what to know of the others.

    A monitor that is silent is a problem only where no other one answers for its hosts.
    """
    parts: list[Part] = []
    failed: dict[str, FirstlightError] = {}
    left = [each for each in at.hosts if at.able[each.name]]
    for name in dict.fromkeys(name for each in at.hosts for name in at.able[each.name]):
        mine = tuple(each for each in left if name in at.able[each.name])
        if not mine:
            continue
        try:
            answers = asking.ask(name, questions())
        except FirstlightError as error:
            failed[name] = error
            continue
        parts.append((at.every[name], answers, mine))
        left = [each for each in left if each not in mine]
    if left:
        return parts, list(failed.values()), []
    return parts, [], [f"{error.where}: {error.what} ({error.why})" for error in failed.values()]


def joined(stack: Stack, part: Part, at: Scope) -> Stack:
    """Return the stack with what one monitor said beside what is known already."""
    monitor, answers, mine = part
    names = {each.name for each in mine}
    hosts = gathered.hosts(answers, mine)
    replicas = engines.replicas(answers, names)
    known = {(each.name, each.labels) for each in stack.alerts}
    fires = [
        each
        for each in alerts.firing(answers, names, at.whole)
        if (each.name, each.labels) not in known
    ]
    return replace(
        stack,
        monitors=(*stack.monitors, gathered.monitor(answers, monitor)),
        hosts=(*stack.hosts, *hosts),
        gpus=(*stack.gpus, *gathered.gpus(answers, names)),
        replicas=(*stack.replicas, *replicas),
        models=(*stack.models, *engines.models(answers, replicas, monitor.name, at.whole)),
        alerts=tuple(sorted((*stack.alerts, *fires), key=alerts.order)),
        silences=tuple(dict.fromkeys((*stack.silences, *alerts.silences(answers)))),
        notices=(*stack.notices, *notices(monitor, answers)),
        problems=(*stack.problems, *gaps(monitor, answers, hosts, at.inventory)),
    )


def gaps(
    monitor: SeenHost, answers: Answers, hosts: tuple[Host, ...], inventory: str
) -> Iterator[FirstlightError]:
    """Yield what could not be looked at although the monitor answers."""
    where = f"Prometheus of {monitor.name}"
    if not answers.series("whole.up"):
        yield FirstlightError(
            "there is no data yet",
            where=where,
            why="it has no sample of the last 5 minutes",
            fix=f"numbers come {monitor.interval:.0f} s after it began, rates after 5 minutes; "
            f"later: pyinfra {inventory} deploys/monitor.py",
        )
        return
    for host in hosts:
        if host.state == "stale":
            yield FirstlightError(
                "its numbers are old",
                where=host.name,
                why=f"they are {host.age:.0f} s old, measured is every {monitor.interval:.0f} s",
                fix=f"on {monitor.name}: journalctl -u prometheus -n 50",
            )
        elif host.state == "no data":
            yield FirstlightError(
                "there is no data of this host",
                where=host.name,
                why=f"{where} does not ask it",
                fix=f"pyinfra {inventory} deploys/monitor.py",
            )
    failed = {name: answers.error(name) for name in answers.found if answers.error(name)}
    for name, why in failed.items():
        if name not in ("notified", "silences"):
            yield FirstlightError("a question has no answer", where=f"{where}, {name}", why=why)


def notices(monitor: SeenHost, answers: Answers) -> Iterator[str]:
    """Yield what makes the numbers less than they seem."""
    if error := answers.error("notified"):
        yield f"{monitor.name}: Alertmanager does not answer ({error}): silences are not known"
    if any(answers.left(name) for name in answers.found):
        yield f"{monitor.name}: there is more than is shown; --limit shows less of it at a time"
