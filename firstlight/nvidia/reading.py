"""From what a host said about its GPU layer, line by line, to its state. It never raises."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from firstlight.nvidia.state import AptEntry, Fabric, Gpu, NvidiaState, PciDevice

GPU_CLASSES = (0x0300, 0x0302)
SWITCH_CLASS = 0x0680
# NVSwitch of the V100, A100 and H100 boards; other bridges of this vendor are of that class too.
SWITCHES = (0x1AC2, 0x1AF1, 0x22A3)
MIB = 2**20
SILENT = "nvidia-smi did not answer within 120 seconds"
TIMED_OUT = {"124": SILENT, "137": f"{SILENT}, and had to be killed"}
# Said of a GPU that could not be reached; whatever else stands beside the table is a warning.
UNREACHED = re.compile(
    r"unable to|failed|couldn't|could not|unknown error|mismatch|is lost|fallen off|requires reset",
    re.IGNORECASE,
)
# Packages that bring each new kernel. A name that goes on with a digit is of one kernel alone.
_META = re.compile(
    r"linux-image-((cloud-)?(amd64|arm64)|(generic|virtual|aws|azure|gcp|oracle)(-(?!dbg).+)?)"
)
_VERSION = re.compile(r"\b\d{3}\.\d+(?:\.\d+)?\b")
# "dnf versionlock add" writes name-epoch:version-release.arch, with a star for the last part.
_LOCKED = re.compile(r"(?P<name>.+)-(?:\d+:)?\d[^-]*-[^-]+")


def reading(lines: Iterable[str]) -> NvidiaState:
    """Return the state that ``lines`` (``key=value``) describe."""
    many: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        key, sign, value = line.partition("=")
        if sign and value.strip():
            many[key].append(value.strip())
    one = {key: values[0] for key, values in many.items()}
    devices = pci_devices(many["pci"])
    packages = dict(words for each in many["package"] if len(words := each.split()) == 2)
    secure = one.get("secure_boot")
    kernel_packages = frozenset(many["kernel_package"])
    lost = [line for line in many["gpu"] if UNREACHED.search(line)]
    table = gpus([line for line in many["gpu"] if line not in lost], many["mig"])
    error, warned = smi_words(bool(table), [*many["smi"], *lost], one.get("failed", ""))
    kernel = one.get("kernel", "")
    return NvidiaState(
        kernel=kernel,
        next_kernel=next_kernel(kernel, many["installed"], one.get("default", "")),
        boot_id=one.get("boot", ""),
        gpus_on_bus=tuple(d for d in devices if d.pci_class >> 8 in GPU_CLASSES),
        switches=tuple(
            d for d in devices if d.device in SWITCHES and d.pci_class >> 8 == SWITCH_CLASS
        ),
        secure_boot=None if secure is None else secure == "1",
        nouveau="nouveau" in many,
        loaded=loaded(one),
        modules=dict(words for each in many["module"] if len(words := each.split()) == 2),
        headers=frozenset(many["headers"]),
        user_space=one.get("library", ""),
        gpus=table,
        smi_error=error,
        smi_warnings=warned,
        packages=packages,
        holds=frozenset((*many["hold"], *map(locked, many["lock"]))),
        toolkit=one.get("toolkit", ""),
        cdi_devices=frozenset(many["cdi"]),
        cdi_specs=tuple(sorted(many["spec"])),
        fabric=fabric(packages, "fabric_active" in many, many["fabric"]),
        evidence=tuple(many["log"]),
        machine=one.get("machine", "x86_64"),
        recorded="recorded" in many,
        enrolled="enrolled" in many,
        loaded_modules=kind_of(one.get("nvrm", "")),
        disk_modules=kind_of(one.get("license", "")),
        kernel_metas=frozenset(filter(_META.fullmatch, kernel_packages)),
        header_packages=frozenset(n for n in kernel_packages if n.startswith("linux-headers-")),
        sources=tuple(filter(None, map(apt_entry, many["apt"]))),
    )


def pci_devices(lines: Iterable[str]) -> list[PciDevice]:
    """Return the PCI functions in lines such as ``0000:01:00.0 0x2684 0x030000 nvidia``."""
    found = []
    for line in lines:
        words = line.split()
        try:
            device, pci_class = int(words[1], 16), int(words[2], 16)
        except (IndexError, ValueError):
            continue
        found.append(PciDevice(words[0], device, pci_class, words[3] if len(words) > 3 else ""))
    return found


def next_kernel(running: str, installed: list[str], default: str) -> str:
    """Return the kernel that the next boot takes: the boot loader's default, else the newest.

    ``installed`` are in ascending order. A host without a kernel of its own boots the same again.
    """
    release = default.rpartition("/vmlinuz-")[2] if default else ""
    if release in installed:
        return release
    return installed[-1] if installed else running


def loaded(one: dict[str, str]) -> str:
    """Return the version of the module in the kernel."""
    if "loaded" in one:
        return one["loaded"]
    match = _VERSION.search(one.get("nvrm", ""))
    return match[0] if match else ""


def gpus(lines: Iterable[str], mig: Iterable[str]) -> tuple[Gpu, ...]:
    """Return the GPUs of nvidia-smi's table, with the profiles of their MIG devices."""
    parts: dict[str, list[str]] = defaultdict(list)
    for line in mig:
        index, _, profile = line.partition(" ")
        parts[index].append(profile)
    found = []
    for line in lines:
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) != 7 or not cells[0].isdecimal():
            continue
        found.append(
            Gpu(
                index=int(cells[0]),
                uuid=cells[1],
                name=cells[2],
                memory=int(number(cells[3])) * MIB,
                compute_capability=cells[4],
                mig={"Enabled": "enabled", "Disabled": "disabled"}.get(cells[5], ""),
                mig_devices=tuple(parts[cells[0]]),
                power_limit=number(cells[6]),
            )
        )
    return tuple(found)


def number(text: str) -> float:
    """Return a number, 0 for what nvidia-smi does not know (``[N/A]``)."""
    try:
        return float(text)
    except ValueError:
        return 0.0


def smi_words(table: bool, said: list[str], code: str) -> tuple[str, tuple[str, ...]]:
    """Return nvidia-smi's error, and its warnings: what it said beside a table that is whole.

    A damaged infoROM, as an example, is told by a line and the exit code 14; the GPU works.
    """
    if code in TIMED_OUT:
        return TIMED_OUT[code], ()
    ended = [f"nvidia-smi ended with code {code}"] if code else []
    if not table:
        return "; ".join(said or ended), ()
    broken = [line for line in said if UNREACHED.search(line) and not line.startswith("WARNING:")]
    return "; ".join(broken), tuple(each for each in said or ended if each not in broken)


def kind_of(words: str) -> str:
    """Return the kind of a module by its banner in /proc or by its license."""
    if "Open Kernel Module" in words or "GPL" in words:
        return "open"
    return "proprietary" if "NVIDIA" in words else ""


def apt_entry(line: str) -> AptEntry | None:
    """Return the repository in a line such as ``/etc/apt/sources.list:3 https://…``."""
    place, _, uri = line.partition(" ")
    file, _, number = place.rpartition(":")
    return AptEntry(file, int(number), uri) if file and uri and number.isdecimal() else None


def locked(line: str) -> str:
    """Return the package's name in a line of dnf's version locks; a pattern stays one."""
    match = _LOCKED.fullmatch(line)
    return match["name"] if match else line


def fabric(packages: dict[str, str], active: bool, states: list[str]) -> Fabric:
    """Return the NVLink fabric; of several states that differ the one that is not done."""
    manager = next(
        (v for name, v in packages.items() if re.fullmatch(r"nvidia-fabricmanager(-\d+)?", name)),
        "",
    )
    pairs = [each.partition("|") for each in states]
    known = [(state, status) for state, _, status in pairs if state != "N/A"]
    bad = [each for each in known if each != ("Completed", "Success")]
    state, status = (bad or known or [("", "")])[0]
    return Fabric(manager, active, state, status)
