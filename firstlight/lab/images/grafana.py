"""The image of the SIMULATED Grafana, in the place of Grafana Labs' own."""

from __future__ import annotations

import shutil
from pathlib import Path

from firstlight.lab.images import standin
from firstlight.lab.images.oci import ImageConfig
from firstlight.lab.images.recipe import Recipe

PROGRAMS = Path(__file__).with_name("grafana_standin")
# The interpreter runs alone: PID 1 of a container gets no signals that it does not ask for.
COMMAND = f"""#!/bin/sh
# SIMULATED: stands where Grafana's own program stands in its image.
export PYTHONPATH=/{standin.HOME}
exec /usr/bin/python3 -B -m {PROGRAMS.name} {{words}}"$@"
"""
SCRIPTS = {"run.sh": "server ", "usr/share/grafana/bin/grafana": ""}
PATH = "/usr/share/grafana/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def build(root: Path) -> None:
    """Fill a layer with the programs and what starts them."""
    target = root / standin.HOME / PROGRAMS.name
    target.mkdir(parents=True)
    for path in sorted(PROGRAMS.glob("*.py")):
        shutil.copyfile(path, target / path.name)
    for name, words in SCRIPTS.items():
        script = root / name
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(COMMAND.format(words=words))
        script.chmod(0o755)
    for folder in ("etc/grafana", "var/lib/grafana"):
        (root / folder).mkdir(parents=True)


RECIPE = Recipe(
    engine="grafana",
    repository="grafana/grafana",
    config=ImageConfig(
        entrypoint=("/run.sh",),
        environment={
            "LC_ALL": "C.UTF-8",
            "PATH": PATH,
            "GF_PATHS_CONFIG": "/etc/grafana/grafana.ini",
        },
        port=3000,
        labels={"org.opencontainers.image.title": "SIMULATED Grafana, for a lab: draws nothing"},
    ),
    build=build,
    architectures=standin.BASE.architectures,
    sources=(
        "grafana.py",
        *sorted(f"{PROGRAMS.name}/{path.name}" for path in PROGRAMS.glob("*.py")),
    ),
    base=standin.BASE,
)
