"""Contradictions: values that are right by themselves and wrong together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from firstlight.settings.check_alerts import alert_contradictions
from firstlight.settings.check_file import missing_files
from firstlight.settings.check_hardening import hardening_contradictions
from firstlight.settings.check_jwt import jwt_contradictions
from firstlight.settings.check_model import model_contradictions
from firstlight.settings.check_nvidia import nvidia_contradictions
from firstlight.settings.check_people import people_contradictions
from firstlight.settings.check_place import place_contradictions
from firstlight.settings.check_prometheus import prometheus_contradictions
from firstlight.settings.check_secret import secret_problems
from firstlight.settings.check_tls import tls_contradictions
from firstlight.settings.host import HostSettings
from firstlight.settings.model import Model
from firstlight.settings.problem import NOTHING, Problem
from firstlight.sizing.check import misfits

_SERVING = "gpu"
"""Group whose hosts exist to serve a model."""
_DAEMON: dict[str, tuple[Callable[[Any], bool], str]] = {
    "live-restore": (
        lambda value: value is True,
        "no live-restore: an engine is attached to its systemd unit, and a container that "
        "outlives the unit would hold the GPU and serve nobody",
    ),
    "default-runtime": (
        lambda value: value == "nvidia",
        "another runtime: with nvidia as the default every image that asks for all GPUs gets "
        "them; GPUs reach the containers through CDI",
    ),
    "features": (
        lambda value: isinstance(value, dict) and value.get("cdi") is False,
        "CDI left on: GPUs reach the containers through it",
    ),
}
"""Keys of daemon.json with a value that takes back what firstlight relies on, and the reason."""


def contradictions(host: HostSettings) -> Iterator[Problem]:
    """Every contradiction in the settings of ``host``, in the order of its keys."""
    yield from _domain(host)
    yield from _daemon(host)
    yield from _models(host)
    yield from _ports(host)
    yield from place_contradictions(host)
    yield from misfits(host)
    yield from nvidia_contradictions(host)
    yield from tls_contradictions(host)
    yield from missing_files(host)
    yield from secret_problems(host)
    yield from jwt_contradictions(host)
    yield from people_contradictions(host)
    yield from hardening_contradictions(host)
    yield from prometheus_contradictions(host)
    yield from alert_contradictions(host)


def _domain(host: HostSettings) -> Iterator[Problem]:
    if host.edge.enabled and host.domain is None:
        expected = "a DNS name or an IP address: the host has an edge (example: llm.example.net)"
        yield Problem(host.name, "domain", NOTHING, expected)


def _daemon(host: HostSettings) -> Iterator[Problem]:
    for key, (contradicts, expected) in _DAEMON.items():
        if contradicts(host.docker.daemon.get(key)):
            yield Problem(
                host.name, f'docker.daemon["{key}"]', "a value against firstlight's own", expected
            )


def _models(host: HostSettings) -> Iterator[Problem]:
    if not host.models and _SERVING in host.groups:
        expected = f"at least one model: the host is in the group {_SERVING}"
        yield Problem(host.name, "models", NOTHING, expected)
    yield from _unique(host, "name", lambda model: model.name)
    yield from _unique(host, "port", lambda model: model.port)
    for index, model in enumerate(host.models):
        yield from model_contradictions(host.name, f"models[{index}]", model)


def _unique(host: HostSettings, key: str, value: Callable[[Model], object]) -> Iterator[Problem]:
    first: dict[object, int] = {}
    for index, model in enumerate(host.models):
        before = first.setdefault(value(model), index)
        if before != index:
            expected = f"a {key} of its own: models[{before}] has it already"
            yield Problem(host.name, f"models[{index}].{key}", str(value(model)), expected)


def _ports(host: HostSettings) -> Iterator[Problem]:
    edge = host.edge
    if not edge.enabled:
        return
    if edge.port == edge.http_port:
        expected = "a port of its own: edge.port is the same"
        yield Problem(host.name, "edge.http_port", str(edge.http_port), expected)
    for index, model in enumerate(host.models):
        for key, port in (("port", edge.port), ("http_port", edge.http_port)):
            if model.port == port:
                expected = f"a port of its own: edge.{key} is the same"
                yield Problem(host.name, f"models[{index}].port", str(port), expected)
