"""How one host's systemd-nspawn is called, and its supervisor started apart from us."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import firstlight
from firstlight.lab import cgroup, identity
from firstlight.lab.command import run
from firstlight.lab.mounts import unmount_below
from firstlight.lab.state import Rack

SYSTEM_CALLS = "@keyring bpf keyctl add_key"
NSPAWN_RUN = Path("/run/systemd/nspawn")
SYSTEMD_RUNS = Path("/run/systemd/system")


def nspawn_argv(rack: Rack, host: str, root: Path, layout: cgroup.Layout) -> list[str]:
    """The whole systemd-nspawn command of one host.

    ``--timezone=off``: else the machine's /etc/localtime is mounted over the guest's and tzdata
    cannot be configured. The API file systems stay read-only: with them writable, a guest's
    sysctl changes the machine's own kernel.
    """
    return [
        "systemd-nspawn",
        f"--directory={root}",
        "--boot",
        f"--machine={identity.machine_name(rack.id, host)}",
        f"--hostname={host}",
        f"--network-bridge={rack.bridge}",
        "--keep-unit",
        "--register=no",
        "--timezone=off",
        "--resolv-conf=off",
        "--capability=all",
        f"--system-call-filter={SYSTEM_CALLS}",
        *cgroup.nspawn_settings(layout),
    ]


def detached(rack: Rack, host: str, module: str) -> None:
    """Start ``module``, the supervisor of ``host``, so that it outlives this process.

    Where systemd runs the machine it is a unit of its own: it then survives a logout, and its
    control group is delegated to it.
    """
    folder = rack.host_dir(host)
    python = [sys.executable, "-B", "-m", module, str(folder)]
    package = str(Path(firstlight.__file__).resolve().parents[1])
    if SYSTEMD_RUNS.is_dir():
        unit = f"firstlight-lab-{identity.machine_name(rack.id, host)}"
        properties = ("Delegate=yes", "KillMode=mixed", "TasksMax=infinity")
        run(
            *("systemd-run", "--quiet", "--collect", f"--unit={unit}"),
            *(f"--property={item}" for item in properties),
            *(f"--setenv=PYTHONPATH={package}", "--", *python),
        )
        return
    with (folder / "console.log").open("ab") as log:
        subprocess.run(
            ["setsid", "--fork", *python],
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": package},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            timeout=10,
            check=True,
        )


def forget(machine: str) -> None:
    """Remove what a killed systemd-nspawn leaves in /run: it refuses to start over its own mount."""
    for kind in ("unix-export", "propagate"):
        folder = NSPAWN_RUN / kind / machine
        if folder.is_dir():
            unmount_below(folder)
            shutil.rmtree(folder, ignore_errors=True)
