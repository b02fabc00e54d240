"""What time does to a host: updates that wait, reboots that wait, packages that may move."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.audit.finding import Finding, Level
from firstlight.audit.inside import Inside

DAY = 86400
NAMED = 8  # packages that are named one by one
WARN_DAYS, FAIL_DAYS = 1, 7


def updates(host: str, inside: Inside) -> Iterator[Finding]:
    """Yield security updates that wait, and lists too old to know of any.

    How long an update waits is not recorded anywhere: it is at least as long as the lists are old,
    or as nothing was upgraded by unattended-upgrades.
    """
    update = "unattended-upgrade   (or apt-get upgrade, dnf upgrade --security)"
    lists = days(inside.now, inside.lists)
    if lists is None:
        yield Finding(
            "update-lists",
            "warn",
            host,
            "nobody knows whether security updates wait",
            "there are no lists of the archives' packages",
            "apt-get update   (or dnf makecache)",
        )
    elif lists > WARN_DAYS:
        yield Finding(
            "update-lists",
            "fail" if lists > FAIL_DAYS else "warn",
            host,
            f"the lists of the archives' packages are {lists:.0f} days old",
            "security updates that came since are not known",
            "apt-get update; systemctl status apt-daily.timer   (or dnf makecache)",
        )
    if inside.security:
        waited = max(lists or 0, days(inside.now, inside.upgraded) or 0)
        level: Level = "fail" if waited > FAIL_DAYS else "warn"
        count = len(inside.security)
        names = ", ".join(inside.security[:NAMED]) + (" …" if count > NAMED else "")
        what = f"{count} security update{'s wait' if count > 1 else ' waits'}"
        why = names + (f"; for {waited:.0f} days at least" if waited >= 1 else "")
        yield Finding("update-security", level, host, what, why, update)


def days(now: float, then: float) -> float | None:
    """Return how many days ago ``then`` was; None where it is not known."""
    return max(0.0, (now - then) / DAY) if then else None


def reboot(host: str, inside: Inside) -> Iterator[Finding]:
    """Yield a reboot that is waited for: until then the old kernel and libraries run."""
    if inside.reboot is not None:
        why = inside.reboot or "/run/reboot-required"
        yield Finding("update-reboot", "warn", host, "a reboot is needed", why, "reboot it")


def holds(host: str, inside: Inside) -> Iterator[Finding]:
    """Yield packages of the GPU layer that an update could move under a running engine."""
    loose = sorted(name for name, held in inside.held.items() if not held)
    if loose:
        yield Finding(
            "hold-gpu",
            "fail",
            host,
            f"{len(loose)} packages of the driver and toolkit are not held",
            ", ".join(loose[:NAMED]) + (" …" if len(loose) > NAMED else ""),
            f"run deploys/gpu.py   (or apt-mark hold {' '.join(loose[:NAMED])})",
        )
