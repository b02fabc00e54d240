"""Nvidia: the driver, its kernel module for this boot and the next, and the container toolkit.

Owns the repositories' files, what keeps other programs from moving these packages, and the
settings that a GPU forgets at power-off. A driver that was there before firstlight is left alone.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from pyinfra.api.deploy import deploy

from firstlight.catalogue import System
from firstlight.nvidia import mig
from firstlight.nvidia.decision import Decision
from firstlight.operations import aside, driver, gpu_settings, initramfs, services, transaction
from firstlight.operations.files import File, files
from firstlight.rendering import render, verbatim
from firstlight.settings import HostSettings
from roles.owned import Owned

NOUVEAU = "etc/modprobe.d/firstlight-nouveau.conf"
UPGRADES = "etc/apt/apt.conf.d/52firstlight-nvidia"
RESTARTS = "etc/needrestart/conf.d/firstlight.conf"
PINS = "etc/apt/preferences.d/zz-firstlight-nvidia"
SETTINGS = "/etc/firstlight/gpu/settings"
PARTED = "/etc/firstlight/gpu/mig.yaml"
BOOT_UNIT = "etc/systemd/system/firstlight-gpu.service"
CDI_UNIT = "etc/systemd/system/nvidia-cdi-refresh.service.d/firstlight.conf"
BOOT_PROGRAM = "usr/local/lib/firstlight/gpu-settings"
MODULES = "/etc/modules-load.d/firstlight-nvidia.conf"
TOOLKIT = "nvidia-container-toolkit"
# Says that the driver here is firstlight's own, from before its first package on.
OURS = "/var/lib/firstlight/gpu/ours"

OWNS = Owned(
    files=(
        "/etc/apt/keyrings/{repository}.asc",
        "/etc/apt/sources.list.d/{repository}.sources",
        "/etc/yum.repos.d/{repository}.repo",
        "/etc/pki/rpm-gpg/{repository}.asc",
        f"/{PINS}",
        f"/{UPGRADES}",
        f"/{RESTARTS}",
        f"/{NOUVEAU}",
        f"/{BOOT_UNIT}",
        f"/{CDI_UNIT}",
        f"/{BOOT_PROGRAM}",
        SETTINGS,
        PARTED,
        MODULES,
        "/var/lib/firstlight/gpu/",
    ),
    units=("firstlight-gpu.service", "{driver units}"),
    packages=("{driver}", "{headers}", "{toolkit}"),
)


def repository_files(decision: Decision, manager: str) -> tuple[File, ...]:
    """Return the files that make NVIDIA's repositories known, each trusted by its own key."""
    made = []
    for repository in decision.repositories:
        name = repository.name
        if manager == "dnf":
            made.append(File(f"/etc/pki/rpm-gpg/{name}.asc", repository.key))
            # NVIDIA signs the index of the toolkit's repository, and the packages of the driver's.
            index = name == TOOLKIT
            text = render(
                "etc/yum.repos.d/nvidia.repo",
                repository=repository,
                gpgcheck=int(not index),
                repo_gpgcheck=int(index),
            )
            made.append(File(f"/etc/yum.repos.d/{name}.repo", text))
        else:
            made.append(File(f"/etc/apt/keyrings/{name}.asc", repository.key))
            text = render("etc/apt/sources.list.d/nvidia.sources", repository=repository)
            made.append(File(f"/etc/apt/sources.list.d/{name}.sources", text))
    if manager == "apt" and decision.repositories:
        sites = dict.fromkeys(urlsplit(each.url).hostname for each in decision.repositories)
        made.append(File(f"/{PINS}", render(PINS, sites=sites)))
    return tuple(made)


def settings_text(settings: HostSettings) -> str:
    """Return what the boot unit sets, one setting a line."""
    wanted = settings.nvidia
    lines = [] if wanted.power_limit is None else [f"power_limit {wanted.power_limit}"]
    if wanted.mig is not None:
        lines += [f"mig {' '.join(map(str, part))}" for part in wanted.divisions] or ["mig off"]
    return "".join(f"{line}\n" for line in lines)


@deploy("Nvidia")
def nvidia(settings: HostSettings, system: System, decision: Decision) -> None:
    """Install driver and toolkit, have the driver running after a reboot if it takes one."""
    wanted, patience = settings.nvidia, settings.base.apt_lock_timeout

    # install
    if decision.displaced:
        aside.set_aside(
            name="Set other entries of these repositories aside", paths=decision.displaced
        )
    files(name="Know NVIDIA's repositories", items=repository_files(decision, system.manager))
    if decision.driver_is_ours:
        transaction.together(
            name=f"Install driver {decision.version or decision.branch} ({decision.modules})",
            wants=decision.driver,
            first=decision.pinning,
            beside=decision.headers,
            absent=decision.absent,
            lock_timeout=patience,
            manager=system.manager,
            module_stream=decision.module_stream,
            claim=File(OURS, f"{decision.source}\n"),
        )
    transaction.together(
        name="Install the container toolkit",
        wants=decision.toolkit,
        lock_timeout=patience,
        manager=system.manager,
    )

    # configure
    kept = [File(f"/{path}", verbatim(path)) for path in (BOOT_UNIT, CDI_UNIT)]
    kept += [File(f"/{BOOT_PROGRAM}", verbatim(BOOT_PROGRAM), "755")]
    kept += [File(SETTINGS, settings_text(settings))]
    if wanted.mig is not None:
        kept.append(File(PARTED, mig.parted(wanted.mig, decision.count)))
    if system.manager == "apt":
        kept += [File(f"/{path}", verbatim(path)) for path in (UPGRADES, RESTARTS)]
    if decision.kernel_modules:
        kept.append(File(MODULES, "".join(f"{name}\n" for name in decision.kernel_modules)))
    if decision.driver_is_ours:
        kept.append(File(f"/{NOUVEAU}", verbatim(NOUVEAU)))
    files(
        name="Keep what others could undo",
        items=tuple(kept),
        absent=(PARTED,) if wanted.mig is None else (),
    )
    if decision.driver_is_ours:
        initramfs.knows(name="Keep nouveau out of the boot", path=f"/{NOUVEAU}")

    # activate
    driver.loaded(
        name="Have the driver running",
        decision=decision,
        policy=wanted.reboot,
        timeout=wanted.reboot_timeout,
    )
    services.all_running(name="Have the driver's services running", units=decision.units)
    gpu_settings.applied(
        name="Set what a GPU forgets", mig=wanted.mig, power_limit=wanted.power_limit
    )
