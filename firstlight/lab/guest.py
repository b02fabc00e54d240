"""What every lab host's root file system gets beyond its packages. Part of the cache key."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from firstlight.lab.command import run
from firstlight.lab.state import USER

MACHINE_CERTIFICATES = Path("/usr/local/share/ca-certificates")

FILES = {
    "etc/ssh/sshd_config.d/10-firstlight-lab.conf": (
        0o644,
        "PermitRootLogin no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n",
    ),
    "etc/sudoers.d/firstlight-lab": (0o440, f"{USER} ALL=(ALL:ALL) NOPASSWD: ALL\n"),
    "etc/systemd/journald.conf.d/10-firstlight-lab.conf": (
        0o644,
        "[Journal]\nStorage=persistent\nSystemMaxUse=64M\n",
    ),
    "etc/default/locale": (0o644, "LANG=C.UTF-8\n"),
    "etc/locale.conf": (0o644, "LANG=C.UTF-8\n"),
    "etc/timezone": (0o644, "Etc/UTC\n"),
    # Upgrades come at a moment of their own choosing, and hold apt's lock. Who hardens a host has
    # their timers run: here they start nothing.
    **{
        f"etc/systemd/system/{service}.service.d/10-firstlight-lab.conf": (
            0o644,
            "[Unit]\nConditionPathExists=/run/firstlight-lab/upgrades\n",
        )
        for service in ("apt-daily", "apt-daily-upgrade")
    },
    # udev inside a container is off, so nothing else would bring the interface up.
    "etc/network/interfaces": (0o644, "source /etc/network/interfaces.d/*\n"),
}
# With all capabilities a guest would mount the machine's own debugging file systems.
MACHINE_MOUNTS = ("sys-kernel-debug.mount", "sys-kernel-tracing.mount", "sys-kernel-config.mount")
DISTURBING_TIMERS = ("apt-daily.timer", "apt-daily-upgrade.timer")


def certificates() -> dict[str, bytes]:
    """The machine's own extra CA certificates: a mirror or proxy may need them."""
    return {path.name: path.read_bytes() for path in sorted(MACHINE_CERTIFICATES.glob("*.crt"))}


def prepare(root: Path, sources: str) -> None:
    """Turn a fresh Debian root file system into the one all lab hosts start from."""
    inside = ("chroot", str(root))
    run(*inside, "useradd", "--create-home", "--shell", "/bin/bash", "--password", "*", USER)
    for name, (mode, text) in FILES.items():
        write(root / name, text, mode)
    for timer in DISTURBING_TIMERS:
        (root / "etc/systemd/system/timers.target.wants" / timer).unlink(missing_ok=True)
    for unit in MACHINE_MOUNTS:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    # udev's hardware database, 13 MB: there is no udev in a container.
    (root / "usr/lib/udev/hwdb.bin").unlink(missing_ok=True)
    (root / "var/log/journal").mkdir(exist_ok=True)
    localtime = root / "etc/localtime"
    localtime.unlink(missing_ok=True)
    localtime.symlink_to("/usr/share/zoneinfo/Etc/UTC")
    if sources:
        shutil.rmtree(root / "etc/apt/sources.list.d")
        write(root / "etc/apt/sources.list.d/debian.sources", sources, 0o644)
        (root / "etc/apt/sources.list").unlink(missing_ok=True)
    extra = certificates()
    for name, data in extra.items():
        target = root / "usr/local/share/ca-certificates" / name
        target.write_bytes(data)
        target.chmod(0o644)
    if extra:
        run(*inside, "update-ca-certificates", timeout=120)
    for folder in ("etc", "var"):
        # Else every first boot rebuilds the linker's and the journal's caches anew.
        write(root / folder / ".updated", "", 0o644)


def write(path: Path, text: str, mode: int) -> None:
    """Write a file of a guest that does not run, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Never follow a link out of the guest: it may be absolute and mean the machine's own file.
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
