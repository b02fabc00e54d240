"""The driver's packages of one version, named as in the vendor's repository for Debian."""

from __future__ import annotations

from firstlight.lab.gpus.debfile import Recipe
from firstlight.lab.gpus.packages.text import MODE, plain, program, text

VERSIONS = ("580.159.03", "580.178.04", "595.71.05", "595.91.07")
NEWER = "580.199.02"
"""Offered only while the fault ``newer`` is switched on."""
SOURCE = "nvidia-driver"
NVLSM = "2025.10.11-1"
UNITS = "/usr/lib/systemd/system"


def recipes(version: str, triplet: str) -> list[Recipe]:
    """All packages of ``version``; ``triplet`` names the folder of the machine's libraries."""
    return [
        *(_library(f"lib{name}", number, version, triplet) for name, number in LIBRARIES.items()),
        _persistenced(version),
        _cuda(version),
        _common(version),
        _kernel(version, "open"),
        _kernel(version, "proprietary"),
        _fabric(version),
        pinning(version),
    ]


LIBRARIES = {"nvidia-ml": "1", "cuda": "1"}


def _exact(version: str, *names: str) -> str:
    return ", ".join(f"{name} (= {version}-1)" for name in names)


def _library(name: str, number: str, version: str, triplet: str) -> Recipe:
    folder = f"/usr/lib/{triplet}"
    return Recipe(
        f"{name}{number}",
        f"{version}-1",
        "NVIDIA driver library",
        SOURCE,
        section="non-free/libs",
        files={f"{folder}/{name}.so.{version}": (MODE, f"SIMULATED {name} {version}\n")},
        # The name that programs ask for; ldconfig makes it only for a file with code in it.
        links={f"{folder}/{name}.so.{number}": f"{name}.so.{version}"},
    )


def _persistenced(version: str) -> Recipe:
    return Recipe(
        "nvidia-persistenced",
        f"{version}-1",
        "NVIDIA persistence daemon",
        SOURCE,
        files={
            "/usr/bin/nvidia-persistenced": program("nvidia-persistenced"),
            f"{UNITS}/nvidia-persistenced.service": plain("nvidia-persistenced.service"),
        },
        scripts={"postinst": text("reload-postinst")},
    )


def _cuda(version: str) -> Recipe:
    needs = _exact(version, "libnvidia-ml1", "libcuda1", "nvidia-persistenced")
    either = f"nvidia-kernel-dkms (= {version}-1) | nvidia-kernel-open-dkms (= {version}-1)"
    return Recipe(
        "nvidia-driver-cuda",
        f"{version}-1",
        "NVIDIA driver, for computing only",
        SOURCE,
        relations={"Depends": f"{needs}, {either}"},
        files={"/usr/bin/nvidia-smi": program("nvidia-smi", version=version)},
    )


def _common(version: str) -> Recipe:
    return Recipe(
        "nvidia-kernel-common",
        f"{version}-1",
        "NVIDIA kernel modules' common files",
        SOURCE,
        files={
            "/usr/lib/modprobe.d/nvidia-simulated.conf": plain("modprobe.conf"),
            "/usr/lib/nvidia/load-refused": program("load-refused"),
        },
    )


def _kernel(version: str, flavour: str) -> Recipe:
    infix = "-open" if flavour == "open" else ""
    other = "nvidia-kernel-dkms" if infix else "nvidia-kernel-open-dkms"
    folder = f"/usr/src/nvidia-{version}"
    return Recipe(
        f"nvidia-kernel{infix}-dkms",
        f"{version}-1",
        f"NVIDIA kernel modules, {flavour}, as source for DKMS",
        SOURCE,
        relations={
            "Depends": f"dkms, {_exact(version, 'nvidia-kernel-common')}",
            "Conflicts": other,
            "Replaces": other,
        },
        files={
            f"{folder}/dkms.conf": plain("dkms.conf", version=version, flavour=flavour),
            f"{folder}/build.sh": program("build.sh"),
        },
        scripts={
            "postinst": text("dkms-postinst", version=version),
            "prerm": text("dkms-prerm", version=version),
        },
    )


def _fabric(version: str) -> Recipe:
    return Recipe(
        "nvidia-fabricmanager",
        f"{version}-1",
        "NVIDIA fabric manager, for NVSwitch boards",
        "fabricmanager",
        files={
            "/usr/bin/nv-fabricmanager": program("nv-fabricmanager", version=version),
            f"{UNITS}/nvidia-fabricmanager.service": plain("nvidia-fabricmanager.service"),
            "/usr/share/nvidia/nvswitch/fabricmanager.cfg": (MODE, "# SIMULATED\n"),
        },
        scripts={"postinst": text("reload-postinst")},
    )


def pinning(series: str) -> Recipe:
    """``nvidia-driver-pinning-SERIES``: apt keeps to a branch (``580``) or one exact version."""
    names = "src:nvidia-driver:any src:fabricmanager:any"
    return Recipe(
        f"nvidia-driver-pinning-{series}",
        f"{series}-1",
        f"Keeps apt to the driver {series}",
        architecture="all",
        relations={
            "Provides": "nvidia-driver-pinning",
            "Conflicts": "nvidia-driver-pinning",
            "Replaces": "nvidia-driver-pinning",
        },
        files={
            f"/etc/apt/preferences.d/nvidia-driver-pinning-{series}": (
                MODE,
                f"# SIMULATED\nPackage: {names}\nPin: version {series}*\nPin-Priority: 1000\n",
            )
        },
    )


def once() -> list[Recipe]:
    """Packages that do not come with a version of the driver."""
    nvlsm = Recipe(
        "nvlsm",
        NVLSM,
        "NVLink subnet manager",
        files={"/opt/nvidia/nvlsm/sbin/nvlsm": (0o755, "#!/bin/sh\n# SIMULATED\nexit 0\n")},
    )
    return [nvlsm, *(pinning(branch) for branch in sorted({v[:3] for v in VERSIONS}))]
