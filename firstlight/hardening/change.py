"""The difference between a host and what hardening wants of it, and what each part is against."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from firstlight.catalogue.controls import Control
from firstlight.hardening import sysctl
from firstlight.hardening.found import Before, Found
from firstlight.hardening.modes import too_open
from firstlight.hardening.sysctl import Parameter
from firstlight.hardening.wanted import (
    APT_UPGRADES,
    COREDUMP,
    DNF_UPGRADES,
    JOURNAL,
    LIMITS,
    MODULES,
    RECORDS,
    TAKES_DUMPS,
    UNITS,
    Wanted,
)

_RUNNING = {("active", "enabled"), ("active", "static")}
_CONTROL_OF = {
    LIMITS: "core-dumps",
    COREDUMP: "core-dumps",
    JOURNAL: "journal",
    APT_UPGRADES: "upgrades",
    DNF_UPGRADES: "upgrades",
    RECORDS: "auditd",
}


@dataclass(frozen=True)
class Change:
    """What is to be done on a host. Nothing of it: :attr:`nothing` is true.

    ``texts`` are files to write, ``absent`` files of ours to remove, ``modes`` those to set by
    path, ``kernel`` and ``network`` parameters to set now, ``units`` to start, ``ended`` to stop
    for good, and ``before`` what is kept of how it was.
    """

    texts: dict[str, str]
    absent: tuple[str, ...]
    modes: dict[str, str]
    kernel: dict[str, str]
    network: dict[str, str]
    units: tuple[str, ...]
    ended: tuple[str, ...]
    before: Before

    @property
    def nothing(self) -> bool:
        """Whether the host is as it shall be."""
        parts = (self.texts, self.absent, self.modes, self.kernel, self.network)
        return not any((*parts, self.units, self.ended))


def change(wanted: Wanted, found: Found) -> Change:
    """What has to be done so that ``found`` becomes as ``wanted``."""
    here = wanted.here(found)
    parameters = sysctl.parameters(here, found)
    texts = wanted.texts(found)
    texts[sysctl.NETWORK] = sysctl.text(each for each in parameters if each.network)
    written = {path: text for path, text in texts.items() if text}
    values = {each.key: each.value for each in sysctl.differing(parameters, found)}
    values |= _given_back(parameters, found)
    open_ = too_open(here, found)
    modes = {path: f"{mode:o}" for path, (_, mode) in open_.items()}
    modes |= _modes_given_back(wanted, found)
    network = {key for key in values if Parameter("", key, "").network}
    ended = _ended(wanted, found)
    starting = (unit for unit in wanted.units(found) if found.units.get(unit) not in _RUNNING)
    off = wanted.has("core-dumps", found)
    returned = () if off else found.before.units
    return Change(
        texts={path: text for path, text in written.items() if _differs(path, text, found)},
        absent=tuple(_absent(wanted, written, found)),
        modes=modes,
        kernel={key: value for key, value in values.items() if key not in network},
        network={key: value for key, value in values.items() if key in network},
        units=(*starting, *returned),
        ended=ended,
        before=_before(found, values, modes, ended, returned),
    )


def gaps(wanted: Wanted, found: Found) -> Iterator[tuple[str, str]]:
    """(control, what) for everything on the host that is not as it shall be."""
    todo, here = change(wanted, found), wanted.here(found)
    for one in sysctl.differing(sysctl.parameters(here, found), found):
        name = one.key.replace("/", ".")
        yield one.control, f"{name} is {found.sysctl[one.key]}, not {one.value}"
    for path, (control, mode) in too_open(here, found).items():
        yield control, f"{path} has mode {found.modes[path]:o}, at most {mode:o} is allowed"
    for path in (*todo.texts, *todo.absent):
        yield _control_of(path, here), f"{path} is not as firstlight writes it"
    for each in here:
        for module in each.modules:
            if module.replace("-", "_") in found.loaded:
                yield each.id, f"the module {module} is loaded; a reboot is without it"
    table = UNITS[wanted.manager].items()
    for unit in todo.units:
        control = next((name for name, units in table if unit in units), "core-dumps")
        yield control, f"{unit} does not run, or will not at the next boot"


def _control_of(path: str, here: Iterable[Control]) -> str:
    """The control that a file is for; of one for several, the first that is in force."""
    if path[1:] in _CONTROL_OF:
        return _CONTROL_OF[path[1:]]
    if path[1:] == MODULES:
        return next((each.id for each in here if each.modules), "module-filesystems")
    return next((each.id for each in here if each.sysctl), "sysctl-syn")


def _differs(path: str, text: str, found: Found) -> bool:
    state = found.paths.get(path)
    if state is None or state.kind != "file":
        return True
    have = (state.mode, state.user, state.group, state.sha256)
    return have != ("644", "root", "root", hashlib.sha256(text.encode()).hexdigest())


def _absent(wanted: Wanted, written: Iterable[str], found: Found) -> Iterator[str]:
    """Files of controls that are off; dnf's own stays, as its package brings it."""
    for path in wanted.known_paths:
        if path not in written and path in found.paths and path != f"/{DNF_UPGRADES}":
            yield path


def _given_back(parameters: list[Parameter], found: Found) -> dict[str, str]:
    """The value of before for what is wanted no more."""
    return {
        key: value
        for key, value in found.before.sysctl.items()
        if key in found.sysctl and not any(each.is_for(key) for each in parameters)
    }


def _modes_given_back(wanted: Wanted, found: Found) -> dict[str, str]:
    # A file that allows everything is too open for whichever control is about it.
    meant = Found(modes=dict.fromkeys(found.before.modes, 0o7777))
    still = too_open(wanted.here(found), meant)
    return {
        path: mode
        for path, mode in found.before.modes.items()
        if path in found.modes and path not in still
    }


def _ended(wanted: Wanted, found: Found) -> tuple[str, ...]:
    """Who takes core dumps for itself, where there shall be none."""
    off = wanted.has("core-dumps", found) and not found.container
    enabled = found.units.get(TAKES_DUMPS, ("", ""))[1] == "enabled"
    return (TAKES_DUMPS,) if off and enabled else ()


def _before(
    found: Found,
    values: dict[str, str],
    modes: dict[str, str],
    ended: tuple[str, ...],
    returned: tuple[str, ...],
) -> Before:
    """What was there first stays noted until it is given back.

    What differs at a later look was changed by somebody since: it is mended, and never given back.
    """
    was = found.before
    first = not was.text
    old = {key: found.sysctl[key] for key in values if first} | was.sysctl
    old_modes = {path: f"{found.modes[path]:o}" for path in modes if first} | was.modes
    return Before(
        {key: value for key, value in old.items() if values.get(key) != was.sysctl.get(key, "")},
        {path: mode for path, mode in old_modes.items() if modes.get(path) != was.modes.get(path)},
        tuple(dict.fromkeys(unit for unit in (*was.units, *ended) if unit not in returned)),
    )
