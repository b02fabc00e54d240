"""Dcgm: NVIDIA's exporter of what GPUs measure, in a container and a network of its own.

Owns firstlight-gpu-exporter.service with its container and its network, which leads nowhere, the
list of counters in /etc/firstlight/gpu-exporter, and the program that makes the network. The host's
own nginx is the way in.
"""

from __future__ import annotations

from pathlib import Path

from pyinfra.api.deploy import deploy

from firstlight.catalogue import System
from firstlight.catalogue.counters import GpuClass
from firstlight.engines import bridge
from firstlight.engines.quoting import exec_line
from firstlight.monitor.gpu_exporter import (
    CONTAINER,
    FOLDER,
    NETWORK,
    PORT,
    STOP_SECONDS,
    UNIT,
    GpuExporterUnit,
)
from firstlight.operations import docker
from firstlight.operations import gpu_exporter as operations
from firstlight.operations.files import Directory, File, files
from firstlight.rendering import render
from firstlight.settings import HostSettings
from roles.owned import Owned

# DCGM looks at eight GPUs and their links before it answers.
START_SECONDS = 60

OWNS = Owned(
    files=(f"{FOLDER}/", operations.INSTALLED, operations.BRIDGE),
    units=(UNIT,),
)


def unit_text(unit: GpuExporterUnit, python: str) -> str:
    """Return the text of the exporter's unit."""
    return render(
        f"etc/systemd/system/{UNIT}",
        container=CONTAINER,
        network=f"{python} -I {operations.BRIDGE} {' '.join(NETWORK.made_by())}",
        run=exec_line(unit.run()),
        health=f"http://{NETWORK.container}:{PORT}/health",
        start_seconds=START_SECONDS,
        stop_seconds=STOP_SECONDS,
    )


@deploy("Dcgm")
def dcgm(settings: HostSettings, system: System, gpu_class: GpuClass | None) -> None:
    """Have the exporter answering where the host's GPUs are measured; else remove what is left.

    ``gpu_class`` is that of the cards on the host's bus, None where nobody reads what they measure.
    """
    unit = GpuExporterUnit.of(settings, gpu_class)
    if unit is None:
        operations.retired(name="Remove the GPU exporter")
        return

    # install
    docker.images(name="Pull the GPU exporter's image by digest", references=(unit.image,))

    # configure
    files(
        name="Write what the GPU exporter goes by",
        items=(
            Directory(FOLDER),
            File(operations.BRIDGE, Path(bridge.__file__).read_text()),
            *[File(path, content) for path, content in unit.files.items()],
        ),
    )

    # activate
    operations.exporting(
        name="Have the GPU exporter answer", unit=unit, text=unit_text(unit, system.python)
    )
