"""What a command changed on the control machine, brought to the edges at once."""

from __future__ import annotations

import subprocess
import sys

import click

from firstlight.cli.models import DEPLOYS


def applied(inventory: str | None) -> None:
    """Run deploys/edge.py on ``inventory``, and end with its exit code if it fails."""
    if inventory is None:
        click.echo("Edges go by what they knew until `firstlight keys apply INVENTORY`.", err=True)
        return
    words = [sys.executable, "-m", "pyinfra", "-y", inventory, str(DEPLOYS / "edge.py")]
    # What it says is progress: our own stdout is for the key alone. A person ends it.
    done = subprocess.run(words, check=False, stdout=2)
    if done.returncode:
        again = f"pyinfra -y {inventory} deploys/edge.py"
        click.echo(
            f"NOT every edge knows of it: what is changed here is not there. {again}", err=True
        )
        sys.exit(done.returncode)
