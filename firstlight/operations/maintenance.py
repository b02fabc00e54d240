"""Alerts of a run's hosts are silent from its first change to its end; neither step changes a host.

Monitors outside of ``--limit`` are asked too, over connections of their own. A monitor that is not
there yet has nothing to silence, and one that cannot be reached holds up no run.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import cast
from weakref import WeakKeyDictionary

import gevent
from gevent.lock import RLock
from pyinfra import host, state
from pyinfra.api import State, StringCommand, operation

from firstlight import adapter
from firstlight.errors import FirstlightError
from firstlight.monitor import maintenance
from firstlight.monitor.alertmanager import FOLDER
from firstlight.monitor.maintenance import Silences, Watched
from firstlight.monitor.reach import piped

LONGEST = 24 * 3600
"""Seconds after which no silence is made longer: a run that hangs does not keep it for ever."""

# A host that is no monitor yet has nothing to silence, and perhaps no whole Python.
ASK = f"if [ -e {FOLDER} ]; then exec python3 -I -; fi; cat >/dev/null"


@dataclass
class Run:
    """What one run has silenced, by monitor. ``done`` are the hosts that have come to its end."""

    watched: Mapping[str, Watched] = field(default_factory=dict)
    silences: dict[str, Silences] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    begun: bool = False
    ended: bool = False
    lock: RLock = field(default_factory=RLock)


_runs: WeakKeyDictionary[object, Run] = WeakKeyDictionary()


def current() -> Run:
    """Return what the run has silenced."""
    return _runs.setdefault(adapter.current_run(), Run())


@operation()
def quiet(watched: Mapping[str, Watched]) -> Generator[StringCommand, None, None]:
    """
    Silence the alerts of the run's hosts, unless the plan found nothing to change.

    + watched: by monitor, what it is to silence
    """
    host.noop("alerts are silenced where something changes")
    if adapter.is_executing(state) and not changes_nothing(state):
        run, real = current(), cast(State, adapter.current_run())
        with run.lock:  # whoever comes first does it for all, and no host changes before it is done
            if not run.begun:
                run.begun, run.watched = True, watched
                each_monitor(real, run, maintenance.LASTS)
                gevent.spawn(renewed, real, run)
    yield from ()


@operation()
def loud() -> Generator[StringCommand, None, None]:
    """Have alerts told again once the last host of the run has come here."""
    host.noop("alerts are told again after the last host")
    if adapter.is_executing(state):
        run, real = current(), cast(State, adapter.current_run())
        with run.lock:
            run.done.add(host.name)
            if not run.ended and still_running(state) <= run.done:
                run.ended = True
                each_monitor(real, run, None)
    yield from ()


def changes_nothing(state: State) -> bool:
    """Tell whether the plan found nothing to change; with -y nothing is known before it is done."""
    if not state.should_check_for_changes():  # type: ignore[no-untyped-call]
        return False
    return all(state.get_meta_for_host(each).ops_change == 0 for each in state.inventory)


def still_running(state: State) -> set[str]:
    """Return the names of the hosts that have not failed in this run."""
    return {str(each.name) for each in state.active_hosts}


def renewed(run_state: State, run: Run) -> None:
    """Make the silences longer while the run goes on; with its process this ends as well."""
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        gevent.sleep(maintenance.RENEWED)
        with run.lock:
            if run.ended:
                return
            each_monitor(run_state, run, maintenance.LASTS)


def each_monitor(run_state: State, run: Run, lasts: int | None) -> None:
    """Silence on every monitor for ``lasts`` seconds from now; None: until all is seen to be well."""
    waiting = [gevent.spawn(one, run_state, run, name, lasts) for name in run.watched]
    gevent.joinall(waiting, timeout=2 * maintenance.SECONDS)


def one(run_state: State, run: Run, name: str, lasts: int | None) -> None:
    """Silence on one monitor; what keeps it from that is told, and the run goes on."""
    watched, had = run.watched[name], run.silences.get(name)
    if lasts is None and had is None:
        return
    seconds = maintenance.grace(watched.interval) if lasts is None else lasts
    text = maintenance.program(watched, seconds, had)
    monitor = run_state.inventory.get_host(name)
    own = name not in still_running(run_state)
    try:
        said = piped(monitor, ASK, text, maintenance.SECONDS, own=own)
        found = maintenance.parsed(said) if said.strip() else Silences()
    except FirstlightError as error:
        found = Silences(error=f"{error.what}: {error.why}")
    except (ValueError, KeyError, TypeError) as error:  # whatever it is that answered
        found = Silences(error=f"its answer is none: {error}")
    if found.found:
        run.silences[name] = found
    if found.error:
        end = f"the silence ends by itself within {maintenance.LASTS // 60} min"
        what = "alerts of this run's hosts are not silenced" if had is None else end
        adapter.say(f"{name}: WARNING: {what} ({found.error})")
