"""The disk that every virtual machine of the lab begins with, its kernel, and their cache."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from firstlight.lab import addresses, lock, rootfs
from firstlight.lab.command import run
from firstlight.lab.guest import write
from firstlight.lab.vm import ext4

# Debian's kernel for clouds: the same source, without drivers of hardware that is not there.
KERNEL = (
    "linux-image-cloud-amd64",
    *("kmod", "apparmor", "qemu-guest-agent"),
)
# What Debian's own image for clouds has too: emulated, their installation would take minutes.
CLOUD = ("curl", "nftables", "python3", "systemd-timesyncd", "unattended-upgrades")
PACKAGES = (*KERNEL, *CLOUD)
GIBIBYTES = 8
UNITS = "etc/systemd/system"
SUBSYSTEMS = ("pci", "virtio", "virtio-ports", "net", "nvme", "block")
BUILD_SECONDS = 600
FILES = {
    "etc/fstab": (0o644, "/dev/nvme0n1 / ext4 errors=remount-ro 0 1\n"),
    # The name that the interface of every lab host has.
    "etc/systemd/network/10-host0.link": (
        0o644,
        "[Match]\nDriver=virtio_net\n\n[Link]\nName=host0\n",
    ),
    # Only what this machine has is looked for, and the network waits for its own cable alone, not
    # for all devices: that wait was seen to end without a network after 180 s.
    f"{UNITS}/systemd-udev-trigger.service.d/firstlight-lab.conf": (
        0o644,
        "[Service]\nExecStart=\nExecStart=-udevadm trigger --type=all --action=add "
        + " ".join(f"--subsystem-match={name}" for name in SUBSYSTEMS)
        + "\n",
    ),
    f"{UNITS}/networking.service.d/firstlight-lab.conf": (
        0o644,
        "[Unit]\nWants=sys-subsystem-net-devices-host0.device\n"
        "After=sys-subsystem-net-devices-host0.device\n",
    ),
}
# Emulated, each process that a boot starts is dear.
MASKED = (
    *("ifupdown-pre.service", "getty@tty1.service", "systemd-pstore.service"),
    *("proc-sys-fs-binfmt_misc.automount", "systemd-binfmt.service", "dev-hugepages.mount"),
    "unattended-upgrades.service",  # it waits for the power button; the upgrades are two timers
    *("sys-fs-fuse-connections.mount", "dev-mqueue.mount", "kmod-static-nodes.service"),
)
GENERATORS = ("ssh", "gpt-auto", "hibernate-resume", "tpm2", "sysv", "rc-local", "run", "debug")
PROFILES = ("abi", "abstractions", "disable", "force-complain", "local", "tunables")
CONFINED = ("lsb_release", "systemd-coredump", "unix-chkpwd", "unprivileged_userns")
"""Profiles of AppArmor that stay: the others are for desktops' programs, which are not here.

They would be compiled in the first boot, which emulated takes long.
"""
NO_SERVICES = "usr/sbin/policy-rc.d"


def key(system: str) -> str:
    """Content key: the root file system's own, packages, and this code."""
    code = [Path(__file__).read_text(), Path(ext4.__file__).read_text()]
    parts = [system, PACKAGES, code]
    return f"{system}-vm-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]}"


def ensure(suite: str, cache_dir: Path, say: Callable[[str], None]) -> Path:
    """The folder with the disk.raw and kernel of ``suite``, made now if it is not there."""
    source = rootfs.ensure(suite, cache_dir, say)
    folder = cache_dir / "rootfs"
    name = key(source.name)
    done, partial = folder / name, folder / f"{name}.partial"
    if not done.is_dir():
        with lock.locked(folder / f"{name}.lock", f"building {name}", BUILD_SECONDS):
            if not done.is_dir():
                say(f"building the {suite} virtual machine's disk (once)")
                if partial.exists():
                    shutil.rmtree(partial)
                partial.mkdir(mode=0o700)
                _build(source, partial)
                partial.rename(done)
            (folder / f"{name}.lock").unlink(missing_ok=True)
    return done


def _build(source: Path, folder: Path) -> None:
    root = folder / "root"
    rootfs.copy(source, root)
    for name, (mode, text) in FILES.items():
        write(root / name, text, mode)
    for unit in MASKED:
        (root / UNITS / unit).symlink_to("/dev/null")
    (root / "etc/systemd/system-generators").mkdir()
    for name in GENERATORS:
        link = root / f"etc/systemd/system-generators/systemd-{name}-generator"
        link.symlink_to("/dev/null")
    _install(root)
    shutil.copyfile(root / "vmlinuz", folder / "kernel")
    ext4.make(root, folder / "disk.raw", GIBIBYTES)
    shutil.rmtree(root)


def _install(root: Path) -> None:
    write(root / NO_SERVICES, "#!/bin/sh\nexit 101\n", 0o755)
    resolver = root / "etc/resolv.conf"
    write(resolver, addresses.resolv_conf(), 0o644)
    apt = ("chroot", str(root), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet")
    run(*apt, "update", timeout=BUILD_SECONDS)
    options = ("--yes", "--no-install-recommends", "install")
    run(*apt, *options, *PACKAGES, timeout=BUILD_SECONDS)
    run(*apt, "clean", timeout=60)
    for name in (NO_SERVICES, "etc/resolv.conf"):
        (root / name).unlink()
    for path in (root / "var/lib/apt/lists").glob("*_*"):
        path.unlink()
    for path in (root / "etc/apparmor.d").iterdir():
        if path.name not in (*PROFILES, *CONFINED):
            path.unlink()


def copy(source: Path, target: Path) -> None:
    """Make ``target`` a host's own copy of an image; it exists only once complete."""
    partial = target.with_name(f"{target.name}.partial")
    if partial.exists():
        shutil.rmtree(partial)
    run("cp", "-r", "--sparse=always", "--reflink=auto", str(source), str(partial), timeout=300)
    partial.rename(target)
