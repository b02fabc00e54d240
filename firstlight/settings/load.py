"""From the data of an inventory to settings, or to one error that lists every mistake."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic import ValidationError

from firstlight.lock.pins import Pins
from firstlight.settings.check import contradictions
from firstlight.settings.check_canary import canary_contradictions
from firstlight.settings.check_edges import edge_contradictions
from firstlight.settings.check_firewall import firewall_contradictions
from firstlight.settings.check_logs import log_contradictions
from firstlight.settings.check_monitor import monitor_contradictions
from firstlight.settings.check_site import site_contradictions
from firstlight.settings.foreign import is_foreign
from firstlight.settings.found import shown
from firstlight.settings.host import STATE, HostSettings
from firstlight.settings.locked import locked
from firstlight.settings.mistake import mistakes
from firstlight.settings.problem import Problem, SettingsError
from firstlight.settings.resolve import resolved, with_images
from firstlight.settings.schema import GIVEN

_EDGE = "edge"
"""Group whose hosts have an edge; without it every host that serves a model has one."""
_MONITOR = "monitor"
"""Group whose hosts watch the others; without it every edge watches itself and its engines."""
Loaded = tuple[HostSettings | None, list[Problem]]


def load_host(
    name: str, data: Mapping[str, object], groups: Collection[str], root: Path
) -> HostSettings:
    """The settings of the host ``name``.

    ``data`` is its resolved inventory data, ``groups`` the inventory's groups it is in, and
    relative paths start from ``root``. Raises :class:`SettingsError` with every mistake.
    """
    return load_site({name: (data, groups)}, root)[name]


def load_site(
    hosts: Mapping[str, tuple[Mapping[str, object], Collection[str]]],
    root: Path,
    lock: Pins | None = None,
) -> dict[str, HostSettings]:
    """The settings of every host of an inventory: name → (data, groups).

    ``lock`` says what tags, branches and names mean; without it everything has to be immutable.
    Every host is validated before the error is raised, so that one run shows all mistakes.
    Raises :class:`SettingsError`.
    """
    site: dict[str, HostSettings] = {}
    problems: list[Problem] = []
    grouped = {group for _, groups in hosts.values() for group in groups}
    for name, (data, groups) in hosts.items():
        said = {group: group in groups for group in grouped}
        settings, found = _load(name, data, groups, root.absolute(), lock, said=said)
        problems += found
        if settings is not None:
            site[name] = settings
    problems += site_contradictions(site)
    if len(site) == len(hosts):  # what a host with mistakes would serve is not known
        problems += canary_contradictions(site)
        problems += edge_contradictions(site)
        problems += monitor_contradictions(site)
        problems += log_contradictions(site)
        problems += firewall_contradictions(site)
    if problems:
        raise SettingsError(problems)
    return site


def _load(
    name: str,
    data: Mapping[str, object],
    groups: Collection[str],
    root: Path,
    lock: Pins | None,
    *,
    said: Mapping[str, bool],
) -> Loaded:
    own = {key: value for key, value in data.items() if not is_foreign(key)}
    problems = [
        Problem(name, key, shown(own.pop(key)), "no such key: it comes from the inventory itself")
        for key in GIVEN
        if key in own
    ]
    site = own.get("site")
    state = f"{STATE}/{site if isinstance(site, str) else 'firstlight'}"
    filled = resolved(own, state, said.get(_EDGE))
    if lock is not None:
        filled = with_images(filled, said.get(_MONITOR))
    filled, unlocked = locked(name, filled, lock)
    problems += unlocked
    given = {"name": name, "groups": frozenset(groups), "root": root}
    try:
        settings = HostSettings.model_validate({**filled, **given}, context={"root": root})
    except ValidationError as error:
        return None, problems + mistakes(name, filled, error)
    return settings, problems + list(contradictions(settings))
