"""The image of the SIMULATED DCGM exporter, in the place of NVIDIA's own."""

from __future__ import annotations

import shutil
from pathlib import Path

from firstlight.lab.images import standin
from firstlight.lab.images.oci import ImageConfig
from firstlight.lab.images.recipe import Recipe

PROGRAMS = Path(__file__).with_name("dcgm_standin")
ENTRY = "usr/bin/dcgm-exporter-entrypoint.sh"
# The interpreter runs alone: PID 1 of a container gets no signals that it does not ask for.
COMMAND = f"""#!/bin/sh
# SIMULATED: stands where NVIDIA's exporter stands in its image.
export PYTHONPATH=/{standin.HOME}
exec /usr/bin/python3 -B -m {PROGRAMS.name} "$@"
"""


def build(root: Path) -> None:
    """Fill a layer with the programs and what starts them."""
    target = root / standin.HOME / PROGRAMS.name
    target.mkdir(parents=True)
    for path in sorted(PROGRAMS.glob("*.py")):
        shutil.copyfile(path, target / path.name)
    entry = root / ENTRY
    entry.parent.mkdir(parents=True, exist_ok=True)
    entry.write_text(COMMAND)
    entry.chmod(0o755)


RECIPE = Recipe(
    engine="dcgm-exporter",
    repository="nvidia/k8s/dcgm-exporter",
    config=ImageConfig(
        entrypoint=(f"/{ENTRY}",),
        environment={"LC_ALL": "C.UTF-8", "NVIDIA_VISIBLE_DEVICES": "all"},
        port=9400,
        labels={"org.opencontainers.image.title": "SIMULATED DCGM exporter, for a lab"},
    ),
    build=build,
    architectures=standin.BASE.architectures,
    sources=("dcgm.py", *sorted(f"{PROGRAMS.name}/{path.name}" for path in PROGRAMS.glob("*.py"))),
    base=standin.BASE,
)
