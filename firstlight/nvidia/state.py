"""What a host's GPU layer is right now, as one fact reads it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PciDevice:
    """A PCI function of vendor 10de; ``driver`` is the kernel driver bound to it, if any."""

    address: str
    device: int
    pci_class: int
    driver: str = ""


@dataclass(frozen=True)
class Gpu:
    """A GPU as the running driver sees it. Memory in bytes, power limit in watts.

    ``mig`` is ``enabled``, ``disabled`` or empty where the card knows no MIG.
    """

    index: int
    uuid: str
    name: str
    memory: int
    compute_capability: str
    mig: str = ""
    mig_devices: tuple[str, ...] = ()
    power_limit: float = 0.0


@dataclass(frozen=True)
class Fabric:
    """NVLink fabric: the fabric manager's installed version, its unit, and the GPUs' state.

    ``state`` and ``status`` are nvidia-smi's words (``Completed``, ``Success``), empty where it
    does not speak of a fabric.
    """

    manager: str = ""
    active: bool = False
    state: str = ""
    status: str = ""


@dataclass(frozen=True)
class AptEntry:
    """An enabled repository of apt, as ``file`` names it in ``line``; firstlight's own are none.

    ``uri`` has no password, and ``$(ARCH)`` as it is written.
    """

    file: str
    line: int
    uri: str


@dataclass(frozen=True)
class NvidiaState:
    """One host. Versions are those of the driver (``580.178.04``), empty where there is none.

    ``modules`` has, by kernel release, the version of the module on disk for each installed
    kernel that has one. ``next_kernel`` is the newest installed kernel: the one that the next
    boot takes. ``smi_error`` is what nvidia-smi said when it failed, ``smi_warnings`` what it said
    beside a table that can be believed. ``secure_boot`` is None where the firmware cannot be asked. ``evidence`` are lines of the kernel's log about the GPU.
    ``machine`` is that of ``uname -m``. ``recorded`` tells that firstlight itself began to install
    a driver here. ``enrolled`` tells that the firmware trusts the host's own key for modules.
    ``loaded_modules`` and ``disk_modules`` are ``open``, ``proprietary`` or empty: the module in
    the kernel, and the one on disk for the running kernel. ``kernel_metas`` are apt's installed
    packages that bring each new kernel, ``header_packages`` its installed packages of headers.
    ``sources`` are apt's repositories.
    """

    kernel: str = ""
    next_kernel: str = ""
    boot_id: str = ""
    gpus_on_bus: tuple[PciDevice, ...] = ()
    switches: tuple[PciDevice, ...] = ()
    secure_boot: bool | None = None
    nouveau: bool = False
    loaded: str = ""
    modules: dict[str, str] = field(default_factory=dict)
    headers: frozenset[str] = frozenset()
    user_space: str = ""
    gpus: tuple[Gpu, ...] = ()
    smi_error: str = ""
    packages: dict[str, str] = field(default_factory=dict)
    holds: frozenset[str] = frozenset()
    toolkit: str = ""
    cdi_devices: frozenset[str] = frozenset()
    cdi_specs: tuple[str, ...] = ()
    fabric: Fabric = field(default_factory=Fabric)
    evidence: tuple[str, ...] = ()
    machine: str = "x86_64"
    recorded: bool = False
    enrolled: bool = False
    smi_warnings: tuple[str, ...] = ()
    loaded_modules: str = ""
    disk_modules: str = ""
    kernel_metas: frozenset[str] = frozenset()
    header_packages: frozenset[str] = frozenset()
    sources: tuple[AptEntry, ...] = ()
