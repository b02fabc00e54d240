"""Prometheus rules as values, and their files' text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import yaml

HEAD = "# Written by firstlight: changes are lost at its next run. Rules of your own: monitor.prometheus.rules\n"


@dataclass(frozen=True)
class Record:
    """A recording rule."""

    name: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def written(self) -> dict[str, object]:
        """As Prometheus reads it."""
        found: dict[str, object] = {"record": self.name, "expr": self.expr.strip()}
        return found | ({"labels": dict(self.labels)} if self.labels else {})


@dataclass(frozen=True)
class Alert:
    """An alerting rule; ``seconds`` is how long its expression has to hold."""

    name: str
    expr: str
    seconds: int
    severity: str
    annotations: Mapping[str, str]

    def written(self) -> dict[str, object]:
        """As Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": self.expr.strip(),
            **({"for": f"{self.seconds}s"} if self.seconds else {}),
            "labels": {"severity": self.severity},
            "annotations": dict(self.annotations),
        }


@dataclass(frozen=True)
class Group:
    """Rules that are computed one after the other."""

    name: str
    rules: tuple[Record | Alert, ...]


class _Dumper(yaml.SafeDumper):
    """YAML that shows expressions of several lines as such."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def text(groups: Iterable[Group]) -> str:
    """The text of a rule file with ``groups``; those without rules are left out."""
    found = [
        {"name": group.name, "rules": [rule.written() for rule in group.rules]}
        for group in groups
        if group.rules
    ]
    return HEAD + yaml.dump(
        {"groups": found}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000
    )
