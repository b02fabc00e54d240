"""The container toolkit's packages of one version."""

from __future__ import annotations

from firstlight.lab.gpus.debfile import Recipe
from firstlight.lab.gpus.packages.text import MODE, plain, program, text

VERSIONS = ("1.17.4", "1.19.1", "1.20.0")
REFRESH_SINCE = (1, 18)
UNITS = ("nvidia-cdi-refresh.service", "nvidia-cdi-refresh.path")
FOLDER = "/usr/lib/systemd/system"


def recipes(version: str, triplet: str) -> list[Recipe]:
    """All four packages of ``version``, which depend on each other as the vendor's do."""
    exact = f"(= {version}-1)"
    within = f"libnvidia-container-tools (>= {version}-1), libnvidia-container-tools (<< 2.0.0)"
    library = f"/usr/lib/{triplet}/libnvidia-container.so"
    return [
        Recipe(
            "libnvidia-container1",
            f"{version}-1",
            "NVIDIA container library",
            files={f"{library}.{version}": (MODE, f"SIMULATED {version}\n")},
            links={f"{library}.1": f"libnvidia-container.so.{version}"},
        ),
        Recipe(
            "libnvidia-container-tools",
            f"{version}-1",
            "NVIDIA container library's tools",
            relations={"Depends": f"libnvidia-container1 (>= {version}-1)"},
            files={"/usr/bin/nvidia-container-cli": _program("nvidia-container-cli", version)},
        ),
        _base(version),
        Recipe(
            "nvidia-container-toolkit",
            f"{version}-1",
            "NVIDIA container toolkit",
            relations={"Depends": f"nvidia-container-toolkit-base {exact}, {within}"},
            files={
                "/usr/bin/nvidia-container-runtime-hook": _program("nvidia-cdi-hook", version),
            },
        ),
    ]


def _program(name: str, version: str) -> tuple[int, str]:
    return program(name, version=version)


def _base(version: str) -> Recipe:
    names = ("nvidia-ctk", "nvidia-cdi-hook", "nvidia-container-runtime")
    files = {f"/usr/bin/{name}": _program(name, version) for name in names}
    scripts = {}
    if tuple(int(part) for part in version.split(".")[:2]) >= REFRESH_SINCE:
        files |= {f"{FOLDER}/{unit}": plain(unit) for unit in UNITS}
        scripts = {"postinst": text("enable-postinst", units=" ".join(UNITS))}
    return Recipe(
        "nvidia-container-toolkit-base",
        f"{version}-1",
        "NVIDIA container toolkit's programs",
        files=files,
        scripts=scripts,
    )
