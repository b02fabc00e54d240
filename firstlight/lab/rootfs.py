"""Root file systems of lab hosts: built once by mmdebstrap, kept by content key, copied."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.lab import guest, lock
from firstlight.lab.command import run
from firstlight.lab.mounts import unmount_below
from firstlight.lab.sources import SUITES, apt_options, apt_sources

__all__ = ["apt_options", "apt_sources", "copy", "ensure", "key"]

PACKAGES = (
    "systemd,systemd-sysv,dbus,openssh-server,sudo,python3-minimal,iproute2,ca-certificates,"
    "udev,ifupdown"
)
BUILD_SECONDS = 1200
# What no lab host ever shows: translations, manuals, documentation (licences stay). A third of
# all bytes, and every byte is copied for every host.
LEFT_OUT = (
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
)
# Translations double the size of an apt update that hosts do often; and lab hosts are thrown
# away, so dpkg need not wait for the disk after every file.
APT_OPTIONS = ('Acquire::Languages "none"',)
DPKG_OPTIONS = ("force-unsafe-io", *LEFT_OUT)


def key(suite: str, architecture: str, sources: str, options: list[str]) -> str:
    """Content key: suite, packages, architecture, apt's sources and settings, this code."""
    code = [Path(__file__).read_text(), Path(guest.__file__).read_text()]
    certificates = {
        name: hashlib.sha256(data).hexdigest() for name, data in guest.certificates().items()
    }
    parts = [suite, PACKAGES, architecture, sources, options, code, certificates]
    return f"{suite}-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]}"


def checked_suite(suite: str) -> str:
    """Return ``suite`` if the lab supports it, else raise."""
    if suite not in SUITES:
        raise FirstlightError(
            "the lab does not know this suite", where=suite, fix=f"one of: {', '.join(SUITES)}"
        )
    return suite


def ensure(suite: str, cache_dir: Path, say: Callable[[str], None]) -> Path:
    """The cached root file system of ``suite``, built now if it is not there yet."""
    checked_suite(suite)
    sources, options = apt_sources(suite), [*apt_options(), *APT_OPTIONS]
    architecture = run("dpkg", "--print-architecture").strip()
    folder = cache_dir / "rootfs"
    folder.mkdir(parents=True, exist_ok=True)
    cache_dir.chmod(0o700)
    name = key(suite, architecture, sources, options)
    done = folder / name
    if not done.is_dir():
        # Two checkouts may want the same one; the second waits and finds it made.
        with lock.locked(folder / f"{name}.lock", f"building {name}", BUILD_SECONDS):
            if not done.is_dir():
                say(f"building the {suite} root file system (once; {BUILD_SECONDS} s at most)")
                _build(suite, folder / f"{name}.partial", sources, options)
                (folder / f"{name}.partial" / "root").rename(done)
                shutil.rmtree(folder / f"{name}.partial")
            (folder / f"{name}.lock").unlink(missing_ok=True)
    return done


def _build(suite: str, workplace: Path, sources: str, options: list[str]) -> None:
    if workplace.exists():
        unmount_below(workplace)
        shutil.rmtree(workplace)
    workplace.mkdir(mode=0o700)
    # In a file, because an option may hold a proxy's password and argv is world-readable.
    settings = workplace / "apt.conf"
    settings.touch(0o600)
    settings.write_text("".join(f"{option};\n" for option in options))
    argv = ["mmdebstrap", "--mode=root", "--variant=apt", f"--include={PACKAGES}"]
    argv += [f"--aptopt={settings}", *(f"--dpkgopt={option}" for option in DPKG_OPTIONS)]
    argv += [suite, str(workplace / "root")]
    if sources:
        mirrors = workplace / "machine.sources"
        mirrors.write_text(sources)
        argv.append(str(mirrors))
    run(*argv, timeout=BUILD_SECONDS)
    guest.prepare(workplace / "root", sources)


def copy(source: Path, target: Path) -> None:
    """Make ``target`` a full copy of a root file system; it exists only once complete."""
    partial = target.with_name(f"{target.name}.partial")
    if partial.exists():
        shutil.rmtree(partial)
    # A plain copy, not an overlay: Docker's overlay2 inside cannot stack on another overlay.
    run("cp", "-a", "--reflink=auto", str(source), str(partial), timeout=300)
    partial.rename(target)
