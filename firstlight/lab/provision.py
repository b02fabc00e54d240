"""What makes a copy of the common root file system one particular host."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from firstlight.lab import addresses, cgroup, network
from firstlight.lab.gpus import hardware, install
from firstlight.lab.guest import write
from firstlight.lab.services import archive
from firstlight.lab.state import USER, Rack

CGROUP_UNIT = "firstlight-lab-cgroup.service"
CGROUP_UNIT_TEXT = """\
[Unit]
Description=Let Docker write to the control groups of this lab host
DefaultDependencies=no
Before=sysinit.target
ConditionVirtualization=container

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'for m in /sys/fs/cgroup/*/; do mount -o remount,bind,rw "$m" || :; done'

[Install]
WantedBy=sysinit.target
"""


@dataclass(frozen=True)
class Provision:
    """A host's own facts: written into its root file system before it boots."""

    rack: Rack
    host: str
    root: Path
    host_key: Path
    user_key: str

    def write(self) -> None:
        """All of a container's: who it is, the control-group unit where it is needed, its GPUs."""
        self.write_identity()
        if not cgroup.here().unified:
            write(self.root / "etc/systemd/system" / CGROUP_UNIT, CGROUP_UNIT_TEXT, 0o644)
            wants = self.root / "etc/systemd/system/sysinit.target.wants"
            wants.mkdir(exist_ok=True)
            (wants / CGROUP_UNIT).symlink_to(f"/etc/systemd/system/{CGROUP_UNIT}")
        self._write_gpus()

    def write_identity(self) -> None:
        """Name, addresses, keys and machine id."""
        address = self.rack.hosts[self.host].address
        write(self.root / "etc/hostname", f"{self.host}\n", 0o644)
        local = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
        write(self.root / "etc/hosts", f"{local}127.0.1.1\t{self.host}\n", 0o644)
        write(self.root / "etc/machine-id", f"{uuid.uuid4().hex}\n", 0o444)
        write(self.root / "etc/network/interfaces.d/host0", self._interface(address), 0o644)
        self._write_host_key()
        self.authorize()
        self.write_resolv_conf()

    def _write_gpus(self) -> None:
        kind = self.rack.hosts[self.host].gpus
        if kind != hardware.NONE:
            install.write_board(self.root, kind, f"{self.rack.id}/{self.host}")
            install.write_source(self.root, *archive.kernel_source(self.rack))

    def _interface(self, address: str) -> str:
        return (
            f"auto host0\niface host0 inet static\n"
            f"    address {address}/{self.rack.network.prefixlen}\n"
            f"    gateway {self.rack.address}\n"
            f"    mtu {network.uplink_mtu()}\n"
        )

    def _write_host_key(self) -> None:
        target = self.root / "etc/ssh/ssh_host_ed25519_key"
        write(target, self.host_key.read_text(encoding="utf-8"), 0o600)
        public = self.host_key.with_suffix(".pub").read_text(encoding="utf-8")
        write(target.with_suffix(".pub"), public, 0o644)

    def authorize(self) -> None:
        """Let the lab's key in as the lab's user; also after the checkout lost its old key."""
        home = self.root / "home" / USER
        keys = home / ".ssh" / "authorized_keys"
        line = f"{self.user_key}\n"
        if keys.exists() and keys.read_text(encoding="utf-8") == line:
            return
        owner = home.stat()
        write(keys, line, 0o600)
        keys.parent.chmod(0o700)
        for path in (keys.parent, keys):
            shutil.chown(path, owner.st_uid, owner.st_gid)

    def write_resolv_conf(self) -> None:
        """The machine's name servers as they are now; a laptop's change with its network."""
        path = self.root / "etc/resolv.conf"
        written = self.root.with_name("resolv.conf")
        wanted = addresses.resolv_conf()
        if not path.exists() or not written.exists():
            pass
        elif path.read_text() != written.read_text() or written.read_text() == wanted:
            return  # somebody made it their own inside the host, or nothing has changed
        write(path, wanted, 0o644)
        write(written, wanted, 0o600)
