"""What an engine is to the rest of firstlight: a pure function from an instance to a container."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from firstlight.secret import Secret

if TYPE_CHECKING:
    from firstlight.engines.instance import Instance

MODELS = "/models"
"""Where the weights stand inside every engine's container, read-only."""


@dataclass(frozen=True)
class Container:
    """How one instance runs: everything ``docker run`` needs beyond what all engines share.

    ``port`` is the TCP port inside the container; ``user`` is ``uid:gid``; ``tmpfs``,
    ``volumes`` and ``ulimits`` are docker's own notations; ``entrypoint`` replaces the image's;
    ``config`` is the text of a configuration file, mounted read-only at ``config_path``; one that
    is secret belongs to ``user`` alone.
    With ``network`` "host", for one that joins other hosts, ``port`` has to be the instance's own.
    """

    command: tuple[str, ...]
    port: int
    user: str
    environment: dict[str, str] = field(default_factory=dict)
    tmpfs: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    ulimits: tuple[str, ...] = ()
    entrypoint: str = ""
    network: Literal["bridge", "host"] = "bridge"
    config: str | Secret | None = None
    config_path: str = ""


@dataclass(frozen=True)
class Busy:
    """How to see that nothing is being answered: gauges of a metrics page, which add up to 0.

    ``path`` is the page, ``gauges`` are the metrics' names without labels.
    """

    path: str
    gauges: tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """A POST of JSON to the engine, once it is healthy; it has to answer 200."""

    path: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Check:
    """A GET whose JSON answer has to fit, or the engine is not ready.

    ``path`` answers with a list of objects under ``items``; the one that has all of ``where``
    must be there, must have all of ``expect``, and equal values under the keys in ``same``.
    ``otherwise`` is what is wrong if not, in words.
    """

    path: str
    items: str
    where: dict[str, Any]
    otherwise: str
    expect: dict[str, Any] = field(default_factory=dict)
    same: tuple[str, ...] = ()


@dataclass(frozen=True)
class Engine:
    """One kind of engine.

    ``health`` is the HTTP path that answers 200 once requests can be served, ``paths`` the
    exact API paths that clients may reach, ``container`` the pure function that describes how
    an instance is run. ``busy`` is None where the engine has no such gauges: then its open
    connections are counted. ``metrics`` is the path of its Prometheus metrics, empty for none.
    ``first_token`` is the path of the streamed chat completion that ends every start.
    ``native`` are paths of an API of its own, which clients reach where the settings say so.
    ``keyed`` makes a container answer only to those who know one of the secrets; None where the
    engine can take none from a file.
    """

    name: str
    health: str
    paths: tuple[str, ...]
    container: Callable[[Instance], Container]
    busy: Busy | None = None
    metrics: str = "/metrics"
    first_token: str = "/v1/chat/completions"
    preload: Callable[[Instance], Request | None] = lambda _: None
    checks: Callable[[Instance], tuple[Check, ...]] = lambda _: ()
    native: tuple[str, ...] = ()
    keyed: Callable[[Container, Sequence[Secret]], Container] | None = None
