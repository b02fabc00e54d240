"""Contradictions about Prometheus, and the files it is given."""

from __future__ import annotations

import re
from collections.abc import Iterator

from firstlight.settings.check_file import certificate_problems
from firstlight.settings.host import HostSettings
from firstlight.settings.problem import NOTHING, Problem

_KEY = "monitor.prometheus"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.ya?ml")


def prometheus_contradictions(host: HostSettings) -> Iterator[Problem]:
    """Every contradiction in ``monitor.prometheus``; nothing where nothing is watched."""
    own = host.monitor.prometheus
    if not host.monitor.enabled:
        return
    if own.mode == "agent" and not own.remote_write:
        expected = "where to send samples: an agent keeps none itself"
        yield Problem(host.name, f"{_KEY}.remote_write", NOTHING, expected)
    if own.mode == "agent" and own.rules:
        expected = "none: an agent evaluates no rules; give them to what it sends to"
        yield Problem(host.name, f"{_KEY}.rules", "rules", expected)
    yield from _remote(host)
    yield from _rules(host)


def _remote(host: HostSettings) -> Iterator[Problem]:
    for index, to in enumerate(host.monitor.prometheus.remote_write):
        key = f"{_KEY}.remote_write[{index}]"
        if to.password is not None and to.username is None:
            yield Problem(host.name, f"{key}.username", NOTHING, "the user whose password it is")
        if to.password is not None and not to.url.startswith("https:"):
            expected = "an https URL: a password would be read by whoever is on the way"
            yield Problem(host.name, f"{key}.url", to.url, expected)
        if to.ca is not None:
            yield from certificate_problems(host.name, f"{key}.ca", to.ca)


def _rules(host: HostSettings) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, path in enumerate(host.monitor.prometheus.rules):
        key = f"{_KEY}.rules[{index}]"
        if not path.is_file():
            yield Problem(host.name, key, f"no file {path}", "a file with rules for Prometheus")
        elif not _NAME.fullmatch(path.name):
            expected = "a name of letters, digits, '.', '_' and '-' that ends in .yml"
            yield Problem(host.name, key, f'"{path.name}"', expected)
        elif path.name in seen:
            yield Problem(host.name, key, f'"{path.name}" again', "a name of its own for each file")
        seen.add(path.name)
