"""What the lab needs of its machine: Debian packages, root, and namespaces."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.lab.command import run, succeeds
from firstlight.lab.lock import locked
from firstlight.lab.sources import os_release
from firstlight.lab.state import LIB_DIR

# package → a file of it, which is looked for instead of asking dpkg (which is slow).
NEEDED = {
    "age": "/usr/bin/age",
    "binutils": "/usr/bin/strip",
    "ca-certificates": "/usr/sbin/update-ca-certificates",
    "debian-archive-keyring": "/usr/share/keyrings/debian-archive-keyring.gpg",
    "gpg": "/usr/bin/gpg",
    "gpg-agent": "/usr/bin/gpg-agent",
    "iproute2": "/sbin/ip",
    "mmdebstrap": "/usr/bin/mmdebstrap",
    "nftables": "/usr/sbin/nft",
    "openssh-client": "/usr/bin/ssh",
    "skopeo": "/usr/bin/skopeo",
    "systemd-container": "/usr/bin/systemd-nspawn",
    "zstd": "/usr/bin/zstd",
}
SUPPORTED = ("debian", "ubuntu")
INSTALL_SECONDS = 900
LOCK_SECONDS = 120


def missing(root: Path = Path("/"), needed: Mapping[str, str] = NEEDED) -> list[str]:
    """The packages of ``needed`` that this machine lacks."""
    return [name for name, path in needed.items() if not (root / path.lstrip("/")).exists()]


def ensure(say: Callable[[str], None], needed: Mapping[str, str] = NEEDED) -> None:
    """Install what is missing of ``needed``, with apt-get. Waits at most LOCK_SECONDS for apt's lock."""
    if not missing(needed=needed):
        return
    LIB_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Of its lists apt does not wait for another apt-get: two labs that begin at once would collide.
    with locked(LIB_DIR / "packages.lock", "packages", INSTALL_SECONDS):
        if absent := missing(needed=needed):
            installed(say, absent)
    if still := missing(needed=needed):
        raise FirstlightError(
            "packages are installed, but their programs are not there", why=", ".join(still)
        )


def installed(say: Callable[[str], None], absent: list[str]) -> None:
    """Install packages with apt-get."""
    say(f"installing {', '.join(absent)}")
    apt = ("apt-get", "-o", f"DPkg::Lock::Timeout={LOCK_SECONDS}", "--quiet", "--yes")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(*apt, "update", timeout=INSTALL_SECONDS, env=env)
    run(*apt, "install", "--no-install-recommends", *absent, timeout=INSTALL_SECONDS, env=env)


def capable() -> str | None:
    """Why the lab cannot run on this machine, in one line; None if nothing speaks against it."""
    if sys.platform != "linux":
        return f"the lab needs Linux, this is {sys.platform}"
    release = Path("/etc/os-release")
    named = os_release(release.read_text(encoding="utf-8")) if release.exists() else {}
    if not {named.get("ID", ""), *named.get("ID_LIKE", "").split()} & set(SUPPORTED):
        return f"the lab needs Debian or Ubuntu, this is {named.get('PRETTY_NAME', 'unknown')}"
    as_root: tuple[str, ...] = ()
    if os.geteuid() != 0:
        as_root = ("sudo", "-n")
        if not succeeds(*as_root, "true", timeout=10):
            return "the lab needs root, and sudo without a password does not work here"
    namespaces = ("unshare", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--fork")
    # A tmpfs inside tells a real root from a container's: only the first may mount.
    if not succeeds(*as_root, *namespaces, "mount", "-t", "tmpfs", "tmpfs", "/mnt", timeout=20):
        return "the lab needs namespaces and mounts of its own, which this machine refuses"
    if not any(Path("/sys/fs/cgroup").glob("*")):
        return "the lab needs control groups, and none are mounted at /sys/fs/cgroup"
    return None
