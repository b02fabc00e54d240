"""Settings of the nvidia role: the driver, the container toolkit, and how GPUs are divided."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt, StrictStr

from firstlight.catalogue.nvidia import branches, gpu_cards
from firstlight.nvidia import mig
from firstlight.settings.section import Section
from firstlight.settings.value import Flag, Seconds, SitePath, Url, text, whole, wrong


def _branch(value: int) -> int:
    if value not in branches():
        raise wrong(f"a branch of the driver: one of {', '.join(map(str, branches()))}")
    return value


def _card(value: str) -> str:
    if value not in gpu_cards():
        raise wrong(f"a card of the catalogue: one of {', '.join(sorted(gpu_cards()))}")
    return value


def _fingerprint(value: object) -> object:
    # It is published in groups of four digits, and people paste it as it is published.
    return value.replace(" ", "").upper() if isinstance(value, str) else value


Card = Annotated[StrictStr, AfterValidator(_card)]
DriverBranch = Annotated[StrictInt, AfterValidator(_branch)]
DriverVersion = Annotated[
    StrictStr,
    text(r"\d{3}\.\d{1,3}(\.\d{1,2})?", "a whole version of the driver (example: 580.178.04)"),
]
ToolkitVersion = Annotated[
    StrictStr, text(r"1\.\d{1,3}\.\d{1,3}", "a version of the container toolkit (example: 1.20.0)")
]
Fingerprint = Annotated[
    StrictStr,
    text(r"[0-9A-F]{40}", "the fingerprint of an OpenPGP key: 40 hex digits"),
    BeforeValidator(_fingerprint),
]
Count = Annotated[StrictInt, AfterValidator(whole(1, 64, "a number of GPUs"))]
Instances = Annotated[StrictInt, AfterValidator(whole(1, 7, "a number of instances per GPU"))]
Watts = Annotated[StrictInt, AfterValidator(whole(50, 2000, "a power in watts"))]
Division = Annotated[
    StrictStr,
    text(
        mig.KEY.pattern, '"all" or a GPU\'s number, "-", and a MIG profile (example: all-1g.10gb)'
    ),
]


class Mirror(Section):
    """A mirror of one of NVIDIA's package repositories."""

    url: Url = Field(description="Its complete URL, system and architecture included.")
    key: SitePath = Field(
        description="File on the control machine with the OpenPGP key that signs it, armored."
    )
    fingerprint: Fingerprint = Field(description="Fingerprint of that key, 40 hex digits.")


class Nvidia(Section):
    """The GPU layer of the host: driver, kernel modules, container toolkit."""

    enabled: Flag = Field(
        description="Whether firstlight takes care of it; by default where the host's data has "
        "the key nvidia or a model that uses a GPU."
    )
    count: Count | None = Field(
        default=None, description="How many GPUs the host has; by default what its bus shows."
    )
    card: Card | None = Field(
        default=None,
        description="The catalogue's name of its cards: with it, models that cannot fit are "
        "refused before a host is asked (example: rtx-4090).",
    )
    branch: DriverBranch | None = Field(
        default=None,
        description="Branch of the driver; by default the one with long-term support, or the "
        "production branch where NVIDIA's repository for the system has no other.",
    )
    version: DriverVersion | None = Field(
        default=None, description="Exact version of the driver; by default the branch's newest."
    )
    modules: Literal["auto", "open", "proprietary"] = Field(
        default="auto", description="Kind of kernel modules; auto goes by the card's PCI id."
    )
    source: Literal["auto", "cuda-repo", "distro", "preinstalled"] = Field(
        default="auto",
        description="Whose driver: of NVIDIA's repository, of the distribution, or the one that "
        "is there.",
    )
    toolkit: ToolkitVersion | None = Field(
        default=None,
        description="Exact version of the container toolkit; by default the one of firstlight's "
        "catalogue, or one that is there and newer, or belongs to a driver that is there.",
    )
    fabric: Literal["auto", "off"] = Field(
        default="auto",
        description="Whether the fabric manager of NVSwitch is installed where the cards need it; "
        '"off" for a virtual machine that has a part of a board, whose fabric its host manages.',
    )
    reboot: Literal["auto", "ask", "never"] = Field(
        default="ask", description="Whether the host may be rebooted for the driver."
    )
    reboot_timeout: Seconds = Field(
        default=1200, description="How long a reboot may take, in seconds."
    )
    mig: dict[Division, Instances] | None = Field(
        default=None,
        description='Instances per GPU by "DEVICES-PROFILE"; {} switches MIG off, and without '
        "the key it is left as it is.",
    )
    power_limit: Watts | None = Field(
        default=None, description="Power limit of every GPU in watts; by default the card's own."
    )
    repository: Mirror | None = Field(
        default=None, description="A mirror of NVIDIA's CUDA repository to use instead of it."
    )
    toolkit_repository: Mirror | None = Field(
        default=None, description="A mirror of the container toolkit's repository."
    )

    @property
    def divisions(self) -> list[tuple[str, str, int]]:
        """(devices, profile, instances per GPU) of every entry of ``mig``."""
        return mig.divisions(self.mig or {})

    @property
    def mirrors(self) -> dict[str, Mirror]:
        """The mirrors that are given, by their keys."""
        given = {"repository": self.repository, "toolkit_repository": self.toolkit_repository}
        return {name: mirror for name, mirror in given.items() if mirror is not None}

    @property
    def wanted_branch(self) -> int | None:
        """The branch that the inventory asks for, by itself or by a version; None: neither."""
        if self.branch is None and self.version is not None:
            return int(self.version.split(".")[0])
        return self.branch
