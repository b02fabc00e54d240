"""``firstlight models``: weights in the stores of an inventory's hosts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

import firstlight

_NO_HOST = b"No host matches found"
DEPLOYS = Path(firstlight.__file__).resolve().parents[1] / "deploys"


@click.group()
def models() -> None:
    """Weights in the stores of an inventory's hosts."""


def run(
    verb: str, inventory: str, limit: tuple[str, ...], *flags: str, quiet: bool = False
) -> None:
    """Run a deploy of this name with pyinfra, and end with its exit code.

    With ``quiet`` what pyinfra tells of its progress is shown only if the run fails.
    """
    words = [sys.executable, "-m", "pyinfra", *flags]
    for host in limit:
        words += ["--limit", host]
    words += [inventory, str(DEPLOYS / f"models_{verb}.py")]
    # A person ends it; the fetches and checks on the hosts are bounded themselves.
    done = subprocess.run(words, check=False, stderr=subprocess.PIPE if quiet else None)
    # A name that is no host's ends with 0, and without a word about weights.
    unknown = quiet and _NO_HOST in done.stderr
    if quiet and (unknown or done.returncode):
        click.echo(done.stderr, err=True)
    sys.exit(done.returncode or int(unknown))


_inventory = click.argument("inventory", type=click.Path(exists=True))
_limit = click.option("--limit", multiple=True, metavar="HOST", help="Only this host or group.")


@models.command("list")
@_inventory
@_limit
def list_models(inventory: str, limit: tuple[str, ...]) -> None:
    """Show what stands on the hosts: size, state, who uses it."""
    run("list", inventory, limit, "--dry", quiet=True)


@models.command()
@_inventory
@_limit
def pull(inventory: str, limit: tuple[str, ...]) -> None:
    """Fetch what is missing or wrong; engines are left as they are."""
    run("pull", inventory, limit, "-y")


@models.command()
@_inventory
@_limit
def verify(inventory: str, limit: tuple[str, ...]) -> None:
    """Read every file again and compare it with its checksum."""
    run("verify", inventory, limit, "-y")


@models.command()
@_inventory
@_limit
@click.option("--yes", is_flag=True, help="Remove it; without this it is only shown.")
def gc(inventory: str, limit: tuple[str, ...], yes: bool) -> None:
    """Show, or with --yes remove, the weights that nobody uses."""
    run("gc", inventory, limit, "-y" if yes else "--dry", quiet=not yes)
