"""What an inventory asks a lock for: every image by tag, every source of weights, packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from firstlight import registry
from firstlight.errors import FirstlightError
from firstlight.secrets.looked import looked_at
from firstlight.secrets.needed import HUB_TOKEN
from firstlight.settings.lockable import Lockable, lockables
from firstlight.settings.locked import DRIVER
from firstlight.settings.mistake import key
from firstlight.settings.problem import Problem, SettingsError
from firstlight.settings.resolve import resolved, with_images
from firstlight.settings.secret_source import SecretSource

TOOLKIT = "nvidia-container-toolkit"
HostsData = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Asked:
    """One thing that the lock is to say, and how it is looked up.

    ``where`` is the first setting that asks for it. ``pinned``: the inventory itself says the
    commit. ``ca`` is for images, ``hub`` and ``hub_token`` for weights.
    """

    kind: Literal["image", "weights"]
    name: str
    where: str
    pinned: bool = False
    ca: Path | None = None
    hub: str | None = None
    hub_token: SecretSource | None = None


def asked(hosts: HostsData, root: Path) -> list[Asked]:
    """Everything that the lock of these hosts is to say, each once for every hub it comes from.

    Relative paths start from ``root``. Raises :class:`SettingsError` for what no lock can help.
    """
    problems: list[Problem] = []
    found: dict[tuple[str, str, str | None], Asked] = {}
    for host, data in hosts.items():
        # Its groups are not known here: what a monitor runs is locked for all, once.
        filled = with_images(resolved(data, ""), is_monitor=True)
        for place in lockables(host, filled):
            if place.problem is not None:
                problems.append(place.problem)
                continue
            each = _asked(place, filled, root)
            found.setdefault((each.kind, each.name, each.hub), each)
    if problems:
        raise SettingsError(problems)
    return list(found.values())


def packages(hosts: HostsData) -> dict[str, str]:
    """Versions that the inventory declares, by package; none where its hosts disagree."""
    versions: dict[str, set[str]] = {}
    for data in hosts.values():
        for name, version in _declared(data.get("nvidia")):
            versions.setdefault(name, set()).add(version)
    return {name: min(each) for name, each in versions.items() if len(each) == 1}


def _declared(nvidia: object) -> Iterator[tuple[str, str]]:
    given = nvidia if isinstance(nvidia, Mapping) else {}
    driver, toolkit = given.get("version"), given.get("toolkit")
    if isinstance(driver, str):
        yield DRIVER.format(branch=driver.partition(".")[0]), driver
    if isinstance(toolkit, str):
        yield TOOLKIT, toolkit


def _asked(place: Lockable, data: Mapping[str, Any], root: Path) -> Asked:
    if place.kind == "image":
        entry = _entry(data, registry.split(place.name)[0])
        ca = _path(entry.get("ca"), root, place)
        return Asked("image", place.name, place.where, ca=ca)
    model = data["models"][place.place[1]]
    hub = model.get("hub")
    return Asked(
        "weights",
        place.name,
        place.where,
        pinned=place.pinned,
        hub=hub.rstrip("/") if isinstance(hub, str) else None,
        hub_token=_source(model.get("hub_token"), root, place),
    )


def _entry(data: Mapping[str, Any], server: str) -> Mapping[str, Any]:
    """The settings of an image registry, as far as they are there and of the right form."""
    here: Any = data
    for word in ("docker", "registries", server):
        here = here.get(word) if isinstance(here, Mapping) else None
    return here if isinstance(here, Mapping) else {}


def _source(value: object, root: Path, place: Lockable) -> SecretSource | None:
    if value is None:
        return None
    where = f"{place.host}: {key((*place.place[:2], 'hub_token'))}"
    try:
        source = SecretSource.model_validate(value, context={"root": root})
        looked_at(source, HUB_TOKEN)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        expected = detail.get("ctx", {}).get("expected", detail["msg"])
        what, why = f"{HUB_TOKEN} has no source", f"expected {expected}"
        raise FirstlightError(what, where=where, why=why, fix="see docs/secrets.md") from None
    except FirstlightError as error:
        where += f" ({error.where})"
        raise FirstlightError(error.what, where=where, why=error.why, fix=error.fix) from None
    return source


def _path(value: object, root: Path, place: Lockable) -> Path | None:
    if not isinstance(value, (str, Path)) or not str(value):
        return None
    path = root / Path(value).expanduser()
    if not path.is_file():
        raise FirstlightError(
            "a file that is needed to look this up is missing",
            where=place.where,
            why=f"{path} is not there",
            fix="correct docker.registries' ca, or put the file there",
        )
    return path
