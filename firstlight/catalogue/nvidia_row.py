"""What the catalogue's rows of NVIDIA's cards and drivers look like."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from firstlight.catalogue.row import Row

Origin = Literal["cuda-repo", "distro"]


class Default(Row):
    """What is chosen where the inventory does not say."""

    branch: int = Field(description="Driver branch, where the host's repository has it.")
    toolkit: str = Field(description="Version of the container toolkit.")
    toolkit_floor: str = Field(description="Oldest version of the toolkit without known holes.")


class Branch(Row):
    """A branch of the driver, and how long it is cared for."""

    number: int = Field(description="The branch: 580 for 580.178.04.")
    role: Literal["LTSB", "PB", "NFB"] = Field(
        description="Long-term support, production, or new features only."
    )
    ended: bool = Field(description="Whether it gets no more fixes.")
    eol: str = Field(description="Month in which its fixes end, empty where that is not known.")
    cuda: str = Field(description="Newest CUDA that it runs, empty where that is not known.")
    floor: str = Field(description="Oldest version with the last security fixes; empty: none.")
    newest: str = Field(description="Newest version that was seen.")
    proprietary: bool = Field(description="Whether it still has proprietary modules.")


class DriverSet(Row):
    """Package names of a driver without a desktop, with {branch} and {kernel} to fill in."""

    family: str = Field(description='"debian", "ubuntu", or "rhel" with the major version.')
    origin: Origin = Field(description="Whose packages: NVIDIA's repository or the distribution's.")
    first: int = Field(description="First branch that is named so.")
    last: int = Field(description="Last branch that is named so.")
    pinning: tuple[str, ...] = Field(
        description="What goes in first: what keeps the branch, or brings a repository."
    )
    open: tuple[str, ...] = Field(description="The driver with open modules.")
    proprietary: tuple[str, ...] = Field(description="The driver with proprietary modules.")
    fabric: tuple[str, ...] = Field(description="The fabric manager of NVSwitch.")
    subnet: tuple[str, ...] = Field(description="What NVLink 5 needs beside it.")
    headers: tuple[str, ...] = Field(description="Headers of one kernel, to build modules with.")
    signed_open: tuple[str, ...] = Field(default=(), description="Signed open modules, by kernel.")
    signed_proprietary: tuple[str, ...] = Field(
        default=(), description="Signed proprietary modules, by kernel."
    )
    stream_open: str = Field(default="", description="Module stream of dnf for open modules.")
    stream_proprietary: str = Field(default="", description="The same for proprietary ones.")


class Vendor(Row):
    """NVIDIA's package repositories."""

    url: str = Field(description="Base URL of the CUDA repository.")
    toolkit_apt: str = Field(description="The toolkit's repository, by Debian architecture.")
    toolkit_dnf: str = Field(description="The toolkit's repository, by machine.")
    toolkit_key: str = Field(description="Key of both, by its name in this catalogue.")


class Place(Row):
    """The part of the CUDA repository that is for one system."""

    folder: str = Field(description="Its folder below the base URL.")
    architectures: tuple[str, ...] = Field(description="Machines that it has packages for.")
    oldest: int = Field(description="Oldest branch that it has.")
    key: str = Field(description="The key that signs it, by its name in this catalogue.")


class SigningKey(Row):
    """A key that signs a package repository."""

    fingerprint: str = Field(description="Its fingerprint, 40 hex digits.")
    url: str = Field(description="Where its owner publishes it.")
    file: str = Field(description="Its file among firstlight's own; empty where there is none.")


class GpuRange(Row):
    """A range of PCI device ids of one architecture, and the modules that drive it."""

    first: str = Field(description="First id, hexadecimal.")
    last: str = Field(description="Last id, hexadecimal.")
    architecture: str = Field(description="Its name.")
    modules: Literal["none", "open", "proprietary", "either"] = Field(
        description="Kernel modules that drive it."
    )
    oldest: int = Field(description="First branch that drives it.")
    newest: int = Field(description="Last branch that drives it.")


class GpuCard(Row):
    """A card by its name. Memory in GiB, as it is sold."""

    ids: tuple[str, ...] = Field(description="PCI device ids, hexadecimal.")
    name: str = Field(description="Its name.")
    memory: int = Field(description="Memory in GiB.")
    aliases: tuple[str, ...] = Field(default=(), description="Other names that people give it.")
    mib: int = Field(
        default=0, description="Memory in MiB as nvidia-smi shows it; 0: not read anywhere."
    )
    compute: str = Field(description="CUDA compute capability.")
    data_centre: bool = Field(description="Whether it is a data-centre card, not a GeForce.")
    mig: bool = Field(description="Whether it can be divided by MIG.")
    link: Literal["", "hgx", "grace"] = Field(
        description='"hgx": needs the fabric manager by its id alone; "grace": not supported.'
    )
