"""Loading the driver, as a boot does it: which module there is, and which GPUs it drives."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path
from typing import Any

from . import board, bus, kernel, live, nodes, table

PROC_DRIVER = Path("/proc/driver")
MODPROBE = (Path("/etc/modprobe.d"), Path("/run/modprobe.d"), Path("/usr/lib/modprobe.d"))
CUDA = {"550": "12.4", "570": "12.8", "580": "13.0", "590": "13.1", "595": "13.2"}


def module(field: str, release: str) -> str:
    """A field of the nvidia module on disk, as the real modinfo reads it; empty if none."""
    try:
        done = subprocess.run(
            ["modinfo", "-k", release, "-F", field, "nvidia"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except FileNotFoundError:  # a bare host has no kmod
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def blacklisted(name: str, folders: tuple[Path, ...] = MODPROBE) -> bool:
    """Whether modprobe's configuration keeps a module from loading at boot."""
    wanted = re.compile(rf"^\s*blacklist\s+{re.escape(name)}\s*$", re.MULTILINE)
    files = [path for folder in folders for path in folder.glob("*.conf")]
    return any(wanted.search(path.read_text(errors="replace")) for path in files)


def refusal(version: str, flavour: str, gpu: dict[str, Any]) -> str:
    """Why a module does not drive a GPU; empty if it does."""
    branch = int(version.split(".", maxsplit=1)[0])
    if gpu["last_branch"] and branch > gpu["last_branch"]:
        legacy = f"{gpu['last_branch']}.xx"
        return f"is supported through the {legacy} legacy drivers; {version} will ignore this GPU"
    if flavour not in gpu["modules"]:
        return f"requires use of the NVIDIA {gpu['modules'][0]} kernel modules"
    return ""


def boot(described: dict[str, Any]) -> None:
    """Show the board and load the driver that is installed for the running kernel."""
    running = board.running_kernel()
    kernel.lay_out(running)
    version = module("version", running)
    flavour = "open" if "GPL" in module("license", running) else "proprietary"
    nouveau = bool(described.get("nouveau")) and not blacklisted("nouveau")
    gpus = board.gpus(described)
    reason = "nouveau holds the GPU" if nouveau else ""
    if version and described.get("secure_boot"):
        reason = "Key was rejected by service (Secure Boot)"
    driven = []
    for gpu in gpus if version and not reason else []:
        if why := refusal(version, flavour, gpu):
            say(f"NVRM: The NVIDIA GPU {gpu['address']} (PCI ID: 10de:{gpu['device'][2:]}) {why}")
        else:
            driven.append(gpu)
    if version and reason:
        say(f"NVRM: module {version} was not loaded: {reason}")
    loaded = bool(version and driven)
    bus.lay_out(board.functions(described), "nvidia" if loaded else "nouveau" if nouveau else "")
    bus.present()
    with bus.writable_sys():
        bus.show_secure_boot(bool(described.get("secure_boot")))
        if nouveau:
            bus.show_module("nouveau")
        for name in ("nvidia", "nvidia_uvm", "nvidia_modeset") if loaded else ():
            bus.show_module(name, version)
    if loaded:
        _show_proc(version, flavour)
        nodes.make(len(driven))
        table.save(_table(version, driven))
        live.rest(gpu["lost"] for gpu in driven)
        say(f"NVRM: loading SIMULATED NVIDIA kernel module {version}, {len(driven)} GPUs")


def say(text: str) -> None:
    """A line as the kernel's log would have it (the unit logs as ``kernel``)."""
    print(f"SIMULATED: {text}", flush=True)


def _show_proc(version: str, flavour: str) -> None:
    bus.mount("-t", "tmpfs", "-o", "mode=0555,size=1m", "tmpfs", str(PROC_DRIVER))
    folder = PROC_DRIVER / "nvidia"
    folder.mkdir()
    machine = "x86_64" if Path("/lib64/ld-linux-x86-64.so.2").exists() else "aarch64"
    title = f"Open Kernel Module for {machine}" if flavour == "open" else f"{machine} Kernel Module"
    (folder / "version").write_text(
        f"NVRM version: NVIDIA UNIX {title}  {version}  Release Build  (SIMULATED)\n"
        "GCC version:  SIMULATED\n",
        encoding="utf-8",
    )
    (folder / "version").chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)


def _table(version: str, gpus: list[dict[str, Any]]) -> table.Table:
    made = table.Table(version, CUDA.get(version.split(".", maxsplit=1)[0], "13.0"))
    for index, gpu in enumerate(gpus):
        default, least, most = (f"{watts}.00" for watts in gpu["power"])
        made.gpus.append(
            table.Gpu(
                index=index,
                uuid=gpu["uuid"],
                bus=f"0000{gpu['address'].upper()}",
                memory=gpu["memory"],
                compute_capability=gpu["compute_capability"],
                mig="Disabled" if gpu["profiles"] else "[N/A]",
                power=default,
                power_default=default,
                power_least=least,
                power_most=most,
                persistence="Disabled",
                fabric_state="In Progress" if gpu["fabric"] else "N/A",
                fabric_status="N/A",
                lost="yes" if gpu["lost"] else "no",
                name=gpu["name"],
            )
        )
    return made
