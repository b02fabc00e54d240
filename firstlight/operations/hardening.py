"""A host hardened: kernel parameters, modules, modes of files, core dumps, journal, updates."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from pyinfra import host, state
from pyinfra.api import FunctionCommand, Host, State, StringCommand, operation

from firstlight import adapter
from firstlight.errors import FirstlightError
from firstlight.facts.hardening import BEFORE, HardeningState
from firstlight.facts.packages import InstalledPackages, Packages
from firstlight.hardening import sysctl
from firstlight.hardening.change import Change, change
from firstlight.hardening.found import Found
from firstlight.hardening.wanted import JOURNAL, RECORDS, Wanted
from firstlight.operations.commands import explained, failure, script
from firstlight.operations.files import File, writing
from firstlight.operations.packages import awaited, by_apt, by_dnf, missing
from firstlight.operations.services import START
from firstlight.operations.trial import SECONDS, tried

Commands = Generator[StringCommand | FunctionCommand, None, None]

ATTEMPT_SECONDS = 60
REMOVE = 'rm -f -- "$@"'
# Of what a link leads to nothing is changed, nor of what is gone meanwhile. What cannot be set is
# said, and the others are set all the same.
MODES = r"""
for each in "$@"; do
  path=${each#* }
  [ -L "$path" ] || [ ! -e "$path" ] ||
    said=$(chmod "${each%% *}" "$path" 2>&1) || echo "refused: $said"
done
"""
KEEP_JOURNAL = "systemctl restart systemd-journald.service && journalctl --flush"
RECORD = "! command -v augenrules >/dev/null || augenrules --load >/dev/null"
END = 'systemctl disable --quiet --now "$@"'


@operation()
def hardened(wanted: Wanted, lock_timeout: int = 300, seconds: int = SECONDS) -> Commands:
    """
    Apply controls to a host; what a control changed is given back when it is off.

    + wanted: the controls in force
    + lock_timeout: seconds to wait for another user of the package manager
    + seconds: how long a change of the network waits for a new connection
    """
    have: Found = host.get_fact(HardeningState, **asked(wanted)) or Found()
    if not have.read:
        yield failure(unread())
        return
    names = wanted.packages(have)
    packages: Packages = host.get_fact(InstalledPackages, names=names) or Packages()
    absent, todo = missing(names, packages) if names else [], change(wanted, have)
    if todo.nothing and not absent:
        host.noop(" ".join(skipped(wanted, have)) or "every control is in force")
        return
    if adapter.is_executing(state) or adapter.wants_diff(state):
        for line in [*said(wanted, have, todo), *skipped(wanted, have)]:
            adapter.say(f"    {host.name}: {line}")
    if absent:
        yield awaited(wanted.manager, lock_timeout)
        every = by_apt(names, absent, lock_timeout)
        yield by_dnf(absent, lock_timeout) if wanted.manager == "dnf" else every
    yield from applied(todo, have, seconds)


def asked(wanted: Wanted) -> dict[str, tuple[str, ...]]:
    """Return what the fact is asked for."""
    return {
        "keys": wanted.keys,
        "modes": wanted.modes,
        "paths": wanted.known_paths,
        "units": wanted.known_units,
    }


def applied(todo: Change, have: Found, seconds: int = SECONDS) -> Commands:
    """Yield what brings a host there; first of all what was there before is noted on it."""
    texts = {path: text for path, text in todo.texts.items() if path != sysctl.NETWORK}
    items = [File(path, text) for path, text in texts.items()]
    gone = [path for path in todo.absent if path != sysctl.NETWORK]
    if todo.before != have.before and todo.before.text:
        items.append(File(BEFORE, todo.before.text, "600"))
    if items:
        yield writing(items)
    if gone:
        yield script(REMOVE, *gone)
    if todo.modes:
        words = (f"{mode} {path}" for path, mode in todo.modes.items())
        yield FunctionCommand(attempted, (script(MODES, *words), "a mode"), {})
    if todo.kernel:
        setting = script(sysctl.attempting(todo.kernel))
        yield FunctionCommand(attempted, (setting, "a kernel parameter"), {})
    yield from network(todo, have, seconds)
    if todo.ended:
        yield script(END, *todo.ended)
    if f"/{JOURNAL}" in (*todo.texts, *todo.absent):
        yield script(KEEP_JOURNAL)
    if todo.units:
        yield explained(script(START, *todo.units), down(todo.units))
    if f"/{RECORDS}" in (*todo.texts, *todo.absent):
        yield script(RECORD)
    if todo.before != have.before and not todo.before.text:
        yield script(REMOVE, BEFORE)


def attempted(state: State, host: Host, asked: StringCommand, what: str) -> bool:
    """Run what may be refused in part: the rest of the host's hardening does not wait for it."""
    answer = adapter.command(host, asked, ATTEMPT_SECONDS)
    if answer is None or not answer[0]:
        why = answer[1] if answer else "it does not answer"
        error = FirstlightError(f"{what} could not be set", where=host.name, why=why)
        adapter.complain(host, error)
        return False
    lines = [line for line in answer[1].splitlines() if line.startswith(sysctl.REFUSED)]
    if lines:
        adapter.say(f"WARNING: {refused(host.name, what, lines)}")
    return True


def network(todo: Change, have: Found, seconds: int) -> Commands:
    """Yield what the network's parameters need: tried, where one of them changes now."""
    text = todo.texts.get(sysctl.NETWORK)
    items = [] if text is None else [File(sysctl.NETWORK, text)]
    gone = [path for path in todo.absent if path == sysctl.NETWORK]
    if todo.network:
        back = {key: have.sysctl[key] for key in todo.network}
        yield from tried(
            "sysctl",
            items,
            absent=gone,
            apply=sysctl.setting(todo.network),
            revert=sysctl.setting(back),
            seconds=seconds,
        )
        return
    if items:
        yield writing(items)
    if gone:
        yield script(REMOVE, *gone)


def said(wanted: Wanted, have: Found, todo: Change) -> Iterator[str]:
    """Return what an operator should hear of the change: modes, and files that say otherwise."""
    for path, mode in todo.modes.items():
        yield f"mode of {path}: {have.modes[path]:o} becomes {mode}"
    yield from sysctl.others(sysctl.parameters(wanted.here(have), have), have)
    for unit in todo.ended:
        yield f"{unit} is disabled: it would keep the memory of programs that crash"
    for control in wanted.here(have):
        for module in control.modules:
            if module.replace("-", "_") in have.loaded:
                yield f"the module {module} is loaded; a reboot is without it"


def skipped(wanted: Wanted, have: Found) -> Sequence[str]:
    """Return why controls are in force and not applied here."""
    if have.container:
        count = len(wanted.controls) - len(wanted.here(have))
        why = "controls are the kernel's, and this host is a container of its machine"
        return [f"{count} {why}"] if count else []
    if any(each.id == "apparmor" for each in wanted.controls) and wanted.manager == "apt":
        return [] if have.apparmor else ["the kernel has no AppArmor, or it is switched off"]
    return []


def unread() -> FirstlightError:
    """Return the error of a host that did not say how it is."""
    return FirstlightError(
        "what hardening goes by cannot be read",
        where=host.name,
        why="the host answered, and not to the end",
        fix="run again with -vv to see what it says",
    )


def refused(name: str, what: str, said: Sequence[str]) -> FirstlightError:
    """Return the warning of what stays as it is, because the host does not let us set it."""
    return FirstlightError(
        f"{what} cannot be set here, and stays as it is",
        where=name,
        why="\n       ".join(line.removeprefix(sysctl.REFUSED) for line in said),
        fix='mend what forbids it, or switch its control off: hardening.off = {"ID": "why"}',
    )


def down(units: Sequence[str]) -> FirstlightError:
    """Return the error of units that do not start."""
    return FirstlightError(
        f"units of the system do not run: {', '.join(units)}",
        where=host.name,
        why="systemd's own words stand above",
        fix="mend the unit (is it masked?), or switch its control off with the reason",
    )
