"""What hardening wants on one host: files with their text, units that run, packages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from firstlight.catalogue.controls import Control, controls
from firstlight.hardening import sysctl
from firstlight.hardening.found import Found
from firstlight.rendering import render, verbatim

GIB = 1024**3
_LEAST, _MOST = GIB // 4, 4 * GIB
MODULES = "etc/modprobe.d/firstlight-hardening.conf"
LIMITS = "etc/security/limits.d/firstlight.conf"
COREDUMP = "etc/systemd/coredump.conf.d/firstlight.conf"
JOURNAL = "etc/systemd/journald.conf.d/firstlight.conf"
APT_UPGRADES = "etc/apt/apt.conf.d/53firstlight-upgrades"
DNF_UPGRADES = "etc/dnf/automatic.conf"
RECORDS = "etc/audit/rules.d/50-firstlight.rules"
PACKAGES: dict[str, dict[str, str]] = {
    "apt": {"upgrades": "unattended-upgrades", "apparmor": "apparmor", "auditd": "auditd"},
    "dnf": {"upgrades": "dnf-automatic", "auditd": "audit"},
}
UNITS: dict[str, dict[str, tuple[str, ...]]] = {
    "apt": {
        "upgrades": ("apt-daily.timer", "apt-daily-upgrade.timer"),
        "apparmor": ("apparmor.service",),
        "auditd": ("auditd.service",),
    },
    "dnf": {"upgrades": ("dnf-automatic.timer",), "auditd": ("auditd.service",)},
}
_FILES = frozenset({"core-dumps", "journal"})
"""Controls that are files and need no package."""
# Ubuntu's collector of crash reports takes the core dumps for itself, at every boot anew.
TAKES_DUMPS = "apport.service"


def is_applied(control: Control) -> bool:
    """Whether a control is something to be done here; others are looked at, or another role's."""
    by_name = control.id in _FILES or any(control.id in each for each in PACKAGES.values())
    return bool(control.sysctl or control.modules or control.modes or by_name)


@dataclass(frozen=True)
class Wanted:
    """The controls in force on a host, and what they come to there.

    ``journal`` is the most that the journal takes in bytes; None: by the size of its disk.
    """

    controls: tuple[Control, ...]
    manager: Literal["apt", "dnf"]
    journal: int | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Every kernel parameter that any control knows, as a path below /proc/sys.

        Also of controls that are off: what one of them changed once is given back.
        """
        known = (key for control in controls().values() for key in control.sysctl)
        return tuple(dict.fromkeys(map(sysctl.path, known)))

    @property
    def modes(self) -> tuple[str, ...]:
        """Every file whose mode any control knows, as a glob."""
        known = (path for control in controls().values() for path in control.modes)
        return tuple(dict.fromkeys(known))

    def here(self, found: Found) -> tuple[Control, ...]:
        """The controls that can be applied there: not the kernel's own inside a container."""
        return tuple(each for each in self.controls if not (each.kernel and found.container))

    def has(self, control: str, found: Found) -> bool:
        """Whether ``control`` is to be applied there."""
        return any(each.id == control for each in self.here(found))

    def packages(self, found: Found) -> tuple[str, ...]:
        """The packages that they need."""
        return tuple(
            name for control, name in PACKAGES[self.manager].items() if self.has(control, found)
        )

    def units(self, found: Found) -> tuple[str, ...]:
        """The units that are to be enabled and running."""
        able = {each.id for each in self.here(found)}
        if not found.apparmor:
            able.discard("apparmor")  # its unit is skipped by a kernel that has none
        table = UNITS[self.manager].items()
        return tuple(unit for control, units in table if control in able for unit in units)

    @property
    def known_units(self) -> tuple[str, ...]:
        """Every unit that is looked at."""
        return (*(unit for units in UNITS[self.manager].values() for unit in units), TAKES_DUMPS)

    @property
    def known_paths(self) -> tuple[str, ...]:
        """Every file that is written on some host."""
        upgrades = APT_UPGRADES if self.manager == "apt" else DNF_UPGRADES
        ours = (MODULES, LIMITS, COREDUMP, JOURNAL, upgrades, RECORDS)
        return (sysctl.KERNEL, sysctl.NETWORK, *(f"/{path}" for path in ours))

    def texts(self, found: Found) -> dict[str, str]:
        """The files to be there, by path, but that of the network's parameters."""
        kernel = [each for each in sysctl.parameters(self.here(found), found) if not each.network]
        modules = _modules(self.here(found))
        upgrades = APT_UPGRADES if self.manager == "apt" else DNF_UPGRADES
        texts = {sysctl.KERNEL: sysctl.text(kernel)}
        if modules:
            texts[f"/{MODULES}"] = render(MODULES, modules=modules)
        for control, path in (("core-dumps", LIMITS), ("core-dumps", COREDUMP)):
            if self.has(control, found):
                texts[f"/{path}"] = verbatim(path)
        if self.has("journal", found):
            mib = (self.journal or journal_size(found.disk)) // 1024**2
            texts[f"/{JOURNAL}"] = render(JOURNAL, mib=mib)
        for control, path in (("upgrades", upgrades), ("auditd", RECORDS)):
            if self.has(control, found):
                texts[f"/{path}"] = verbatim(path)
        return {path: text for path, text in texts.items() if text}


def _modules(controls: Iterable[Control]) -> list[tuple[str, str]]:
    """(module, control) of every module that shall not be loaded."""
    return [(module, control.id) for control in controls for module in control.modules]


def journal_size(disk: int) -> int:
    """The most that the journal takes, in bytes: a twentieth of its disk, within bounds.

    A multiple of 256 MiB: a disk that grows a little is no change.
    """
    return min(_MOST, max(_LEAST, disk // 20 // _LEAST * _LEAST))
