"""A distribution's kernel packages: headers of the running kernel, and a next kernel to boot.

The running kernel is the machine's own, and what machine that is nobody knows beforehand: its
headers may be in no archive at all.
"""

from __future__ import annotations

import re

from firstlight.lab.gpus.debfile import Recipe
from firstlight.lab.gpus.packages.text import MODE, plain, text

NEXT = "6.99.0-lab"
VERSION = "9999-1"
"""Newer than a real package of the same name, so that none of those is taken."""


def recipes(running: str) -> list[Recipe]:
    """Headers for the running kernel, and image and headers of the next one."""
    return [_headers(running), _headers(NEXT), _image(NEXT)]


def package_name(release: str) -> str:
    """A kernel release as it can stand in a Debian package's name."""
    return re.sub(r"[^a-z0-9.+-]", "-", release.lower())


def _headers(release: str) -> Recipe:
    folder = f"/usr/src/linux-headers-{release}"
    hooks = text("kernel-postinst", kernel=release, hooks="header_postinst", image="")
    return Recipe(
        f"linux-headers-{package_name(release)}",
        VERSION,
        f"Header files of the kernel {release}",
        "linux",
        # Real headers bring a compiler; the stand-in's module needs an assembler.
        relations={"Depends": "binutils"},
        files={
            f"{folder}/.config": plain("kernel.config"),
            # DKMS takes the folder for the sign that headers are there.
            f"{folder}/include/config/auto.conf": plain("kernel.config"),
            f"{folder}/Makefile": (MODE, "# SIMULATED\n"),
        },
        links={f"/usr/lib/modules/{release}/build": folder},
        scripts={"postinst": hooks},
    )


def _image(release: str) -> Recipe:
    image = f"/boot/vmlinuz-{release}"
    hooks = text("kernel-postinst", kernel=release, hooks="postinst", image=f"--arg={image}")
    return Recipe(
        f"linux-image-{package_name(release)}",
        VERSION,
        f"Kernel {release}: never booted",
        "linux",
        files={
            image: (MODE, "SIMULATED kernel\n"),
            f"/boot/config-{release}": plain("kernel.config"),
        },
        scripts={"postinst": hooks},
    )
