"""Packages that must move together, at versions that belong together: all of them or none.

The transaction is simulated first, under the pins that will hold, so that what cannot be
solved changes nothing. Afterwards the packages are held: only firstlight moves them.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.facts.packages import InstalledPackages, Packages
from firstlight.manifest import installing
from firstlight.nvidia.decision import Want
from firstlight.nvidia.health import satisfies
from firstlight.operations import transaction_apt, transaction_dnf
from firstlight.operations.commands import explained, script
from firstlight.operations.files import File, writing
from firstlight.operations.packages import Manager, awaited

EPEL = ", and on RHEL itself that EPEL is set up: DKMS comes from there"
# dnf has to choose a module stream and to know EPEL before it can say what would happen.
UNCHANGED = {"apt": "nothing was changed", "dnf": "no package was changed"}
TEXTS = {"apt": transaction_apt, "dnf": transaction_dnf}


def there(want: Want, have: Packages) -> bool:
    """Tell whether a package is installed at a version of the series that is wanted."""
    version = have.versions.get(want.name)
    return version is not None and satisfies(version, want)


def arguments(
    manager: Manager, first: Sequence[Want], wants: Sequence[Want], leaving: Sequence[str]
) -> list[str]:
    """Return the manager's words for what goes first, what follows, and what leaves."""
    words = TEXTS[manager]
    gone = [f"-{name}" if manager == "dnf" else f"{name}-" for name in leaving]
    return [*map(words.spec, first), "--", *map(words.spec, wants), *gone]


@operation()
def together(
    wants: Sequence[Want],
    *,
    first: Sequence[Want] = (),
    beside: Sequence[Want] = (),
    absent: Sequence[str] = (),
    lock_timeout: int = 300,
    manager: Manager = "apt",
    module_stream: str = "",
    claim: File | None = None,
) -> Generator[StringCommand, None, None]:
    """
    Have packages installed at versions that belong together, and held there.

    + wants: what shall be installed, in one transaction, and held
    + first: what pins the versions of the others, installed before them
    + beside: what goes into the same transaction and is not held
    + absent: packages that leave in the same transaction
    + lock_timeout: seconds to wait for another user of the package manager
    + manager: the host's package manager
    + module_stream: dnf's module stream that the packages come from
    + claim: a file that says whose the packages are, written once it is sure that they can be had
    """
    every = (*first, *beside, *wants)
    names = (*[want.name for want in every], *absent)
    have: Packages = host.get_fact(InstalledPackages, names=names) or Packages()
    wrong = [want for want in every if not there(want, have)]
    leaving = [name for name in absent if name in have.versions]
    loose = [want.name for want in wants if want.name not in have.holds]
    if not wrong and not leaving and not loose and not have.interrupted:
        host.noop(f"{len(names)} packages are as they shall be")
        return
    held = " ".join(want.name for want in wants)
    words = [str(lock_timeout), held, module_stream]
    words += arguments(manager, first, every[len(first) :], leaving)
    told = ", ".join(f"{want.name} {want.series}".strip(" .") for want in wrong) or "their holds"
    yield awaited(manager, lock_timeout)
    if have.interrupted:
        yield script(TEXTS[manager].MEND, *words)
    yield explained(script(TEXTS[manager].SIMULATE, *words), unsolved(manager, told))
    if claim is not None:
        yield writing([claim])
    yield explained(script(installing(TEXTS[manager].INSTALL), *words), cut_off(manager, told))


def unsolved(manager: Manager, told: str) -> FirstlightError:
    """The error of a transaction that cannot be made."""
    refresh, held = {
        "apt": ("apt-get update", "apt-mark showhold"),
        "dnf": ("dnf makecache", "dnf versionlock list"),
    }[manager]
    return FirstlightError(
        f"these packages cannot be installed together; {UNCHANGED[manager]}: {told}",
        where=host.name,
        why=f"the words of {manager} stand above",
        fix=f"see that the host reaches the repository ({refresh}), and that nothing is held "
        f"that has to move ({held}){EPEL if manager == 'dnf' else ''}; then run again",
    )


def cut_off(manager: Manager, told: str) -> FirstlightError:
    """The error of a transaction that was begun and did not end."""
    return FirstlightError(
        f"packages could not be installed: {told}",
        where=host.name,
        why=f"the words of {manager} stand above",
        fix="mend what they name and run again: the run continues where it was cut off; or go "
        "back to what worked last: pyinfra INVENTORY deploys/gpu_rollback.py",
    )
