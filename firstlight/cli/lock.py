"""``firstlight lock``: what an inventory's tags and branches mean, written down once."""

from __future__ import annotations

from pathlib import Path

import click

from firstlight.lock import command
from firstlight.lock.section import Section


@click.command()
@click.argument("inventory", type=click.Path(path_type=Path))
@click.option("--update", is_flag=True, help="Look up again what the lock says already.")
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing; exit code 1 if the lock lacks something or has too much, and with "
    "--update if something has moved.",
)
@click.pass_context
def lock(context: click.Context, inventory: Path, update: bool, check: bool) -> None:
    """Pin every image tag, model revision and version of INVENTORY in firstlight.lock beside it.

    Image tags become digests, branches of model repositories commits with the checksums of
    their files. Deploys use only what stands there. No host is reached.
    """
    if check and not update:
        lines = command.lacks(inventory)
        for line in lines:
            click.echo(line)
        fix = f"run: firstlight lock {inventory}"
        click.echo(fix if lines else f"the lock of {inventory} is complete", err=bool(lines))
        context.exit(1 if lines else 0)
    change = command.change(inventory, anew=update)
    for line in change.lines:
        click.echo(line)
    if not change.lines:
        click.echo(f"nothing to change: {change.file} has {counted(change.after)}")
    elif check:
        click.echo(f"not written: --check; to take it: firstlight lock --update {inventory}")
        context.exit(1)
    else:
        command.written(change)
        click.echo(f"written: {change.file} has {counted(change.after)} for {change.inventory}")


def counted(section: Section) -> str:
    """How much a section says."""
    nouns = {
        "image": len(section.images),
        "source of weights": len(section.weights),
        "package": len(section.packages),
    }
    many = {"source of weights": "sources of weights"}
    said = [f"{n} {many.get(w, f'{w}s') if n > 1 else w}" for w, n in nouns.items() if n]
    return ", ".join(said) or "nothing to say"
