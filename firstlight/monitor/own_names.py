"""Metrics that the user's own rules name and nothing exposes: such a rule is valid, and never fires.

promtool cannot know it. Names are compared with what the monitor's Prometheus has ever seen, with
what firstlight's own rules name (some of it is there after a fault only), and with what is recorded.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from firstlight.catalogue.counters import counters
from firstlight.monitor.alert_rules import alert_groups
from firstlight.monitor.constants import constants
from firstlight.monitor.promql import names
from firstlight.monitor.records import record_groups
from firstlight.monitor.rule import Record
from firstlight.settings.fronts import Site
from firstlight.settings.host import HostSettings

ALWAYS = frozenset({"up", "ALERTS", "ALERTS_FOR_STATE"})
"""What Prometheus makes itself; `up` is there as soon as it has asked anybody anything."""
TOLD = 20
"""Most remarks that are told one by one."""
RECORDING, ALERTING = "record", "alert"


@dataclass(frozen=True)
class Named:
    """A ``metric`` that ``rule`` names, in ``line`` of the file at ``path``."""

    path: Path
    line: int
    rule: str
    metric: str


def named(paths: Sequence[Path]) -> list[Named]:
    """Return what the rules in these files name and none of them records itself.

    A file that is no YAML, or no list of rules, names nothing: others say what is wrong with it.
    """
    found, recorded = list[Named](), set[str]()
    for path in paths:
        for rule in rules_in(path):
            fields = {key.value: value for key, value in rule.value}
            name, expr = fields.get(ALERTING) or fields.get(RECORDING), fields.get("expr")
            if RECORDING in fields:
                recorded.add(str(fields[RECORDING].value))
            if name is not None and isinstance(expr, yaml.ScalarNode):
                found += [
                    Named(path, line_of(expr, at), str(name.value), metric)
                    for metric, at in names(expr.value)
                ]
    return [each for each in found if each.metric not in recorded]


def rules_in(path: Path) -> Iterator[yaml.MappingNode]:
    """Yield the rules of a file as they stand in it, with their lines."""
    try:
        node: Any = yaml.compose(path.read_text(), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return
    for group in entries(value_of(node, "groups")):
        for rule in entries(value_of(group, "rules")):
            if isinstance(rule, yaml.MappingNode):
                yield rule


def value_of(node: Any, key: str) -> Any:
    """Return what stands under ``key`` of a mapping; None where it is none."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for name, value in pairs if name.value == key), None)


def entries(node: Any) -> Sequence[Any]:
    """Return the entries of a list; none where it is none."""
    return node.value if isinstance(node, yaml.SequenceNode) else ()


def line_of(expr: yaml.ScalarNode, at: int) -> int:
    """Return the line in which the character ``at`` of an expression stands.

    Only a literal text (``|``) keeps its lines: of every other it is the one in which it begins.
    """
    begins = int(expr.start_mark.line) + 1
    return begins + 1 + str(expr.value).count("\n", 0, at) if expr.style == "|" else begins


def ours(settings: HostSettings, sites: Site) -> frozenset[str]:
    """Return what firstlight's own rules name and record, and what GPUs may tell."""
    found = set(ALWAYS) | set(counters())
    for group in (constants(settings, sites), *record_groups(), *alert_groups()):
        for rule in group.rules:
            found |= {metric for metric, _ in names(rule.expr)}
            if isinstance(rule, Record):
                found.add(rule.name)
    return frozenset(found)


def asked(settings: HostSettings, sites: Site) -> list[Named]:
    """Return what the user's rules name that only the monitor's Prometheus can know."""
    found = named(settings.monitor.prometheus.rules)
    known = ours(settings, sites) if found else frozenset()
    return [each for each in found if each.metric not in known]


def remarks(
    settings: HostSettings, sites: Site, found: Sequence[Named], seen: Collection[str]
) -> Iterator[str]:
    """Yield what is to be said of the metrics ``found``; ``seen`` are the names that there are.

    A Prometheus that has seen nothing, not even `up`, knows nothing: that is said instead.
    """
    if found and not seen:
        yield (
            "its Prometheus has measured nothing yet, so nobody knows whether the metrics in "
            "monitor.prometheus.rules exist: the next run looks"
        )
        return
    unknown = list(dict.fromkeys(each for each in found if each.metric not in seen))
    known = ours(settings, sites) | set(seen) if unknown else set[str]()
    for each in unknown[:TOLD]:
        near = difflib.get_close_matches(each.metric, sorted(known), 1)
        yield (
            f'{each.path}:{each.line}: rule "{each.rule}" names {each.metric}, which nothing here '
            f"exposes{f' (nearest: {near[0]})' if near else ''}: as long as it does not, the rule "
            "has nothing to go by"
        )
    if len(unknown) > TOLD:
        yield f"and {len(unknown) - TOLD} more metrics in monitor.prometheus.rules"
