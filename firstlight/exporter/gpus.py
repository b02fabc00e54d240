"""GPUs and their driver: what is in the slots, what can be used, and which versions meet."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from firstlight.exporter.command import said
from firstlight.exporter.page import Page

NVIDIA, GPU_CLASSES = "0x10de", ("0x0300", "0x0302")
SMI_SECONDS, MODINFO_SECONDS = 20.0, 10.0
LIBRARIES = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64")
STUCK = "nvidia-smi.stuck"


def word(path: Path) -> str:
    """Return what stands in a small file, empty where there is none."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def on_bus(root: Path) -> int:
    """Return how many GPUs of NVIDIA's the PCI bus has."""
    return sum(
        word(device / "vendor") == NVIDIA and word(device / "class")[:6] in GPU_CLASSES
        for device in (root / "sys/bus/pci/devices").glob("*")
    )


def usable(state: Path) -> int:
    """Return how many GPUs the driver answers for.

    With one that is lost nvidia-smi ends with an error, and may still list the others.
    """
    asked = ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"]
    listed = said(asked, SMI_SECONDS, stuck=state / STUCK, failed=True)
    return sum(line.startswith("GPU-") for line in (listed or "").splitlines())


def on_disk(root: Path, known: dict[str, Any]) -> str:
    """Return the version of the module that would be loaded now.

    Reading it unpacks the whole module, so it is read when depmod has run since the last time.
    """
    kernel = os.uname().release
    try:
        made = (root / "lib/modules" / kernel / "modules.dep").stat().st_mtime_ns
    except OSError:
        return ""
    mark = f"{kernel} {made}"
    if known.get("mark") != mark:
        version = said(["modinfo", "-F", "version", "nvidia"], MODINFO_SECONDS) or ""
        known.update(mark=mark, version=version.strip())
    return str(known["version"])


def user_space(root: Path) -> str:
    """Return the version of the driver's library, by the name that the linker's link points to."""
    for folder in LIBRARIES:
        target = (root / folder.lstrip("/") / "libnvidia-ml.so.1").resolve()
        version = target.name.partition("libnvidia-ml.so.")[2]
        if "." in version and target.exists():
            return version
    return ""


def driver(page: Page, root: Path, known: dict[str, Any]) -> None:
    """Tell which versions of the driver meet, and whether they fit."""
    loaded = word(root / "sys/module/nvidia/version")
    others = {"on_disk": on_disk(root, known), "userspace": user_space(root)}
    if not loaded and not any(others.values()):
        return
    about = "Versions of the driver: in the kernel, on disk for it, and of the library."
    page.add("firstlight_driver_info", about, 1, loaded=loaded, **others)
    apart = bool(loaded) and any(version not in ("", loaded) for version in others.values())
    about = "Whether the driver in the kernel is another than on disk or than its library."
    page.add("firstlight_driver_mismatch", about, apart)


def told(page: Page, spec: dict[str, Any], state: dict[str, Any], root: Path, folder: Path) -> None:
    """Tell what the host has of GPUs, against what it shall have."""
    if not spec["gpus"]["managed"]:
        return
    seen = on_bus(root)
    # Nobody has said how many there are: as many as were ever seen here.
    most = state["gpus_most"] = max(seen, int(state.get("gpus_most", 0)))
    expected = spec["gpus"]["expected"] or most
    page.add("firstlight_gpu_expected", "GPUs that the host shall have.", expected)
    page.add("firstlight_gpu_seen", "GPUs on the PCI bus.", seen)
    page.add("firstlight_gpu_usable", "GPUs that the driver answers for.", usable(folder))
    driver(page, root, state.setdefault("module", {}))
