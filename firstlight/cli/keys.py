"""``firstlight keys``: issue and list a site's API keys."""

from __future__ import annotations

from pathlib import Path

import click

from firstlight import keys as api_keys
from firstlight.cli.site import keys_file, site_option


@click.group()
def keys() -> None:
    """API keys of a site."""


@keys.command()
@click.argument("name")
@site_option
@click.option("--file", "path", type=click.Path(path_type=Path), help="Another API key file.")
@click.option(
    "--once", is_flag=True, help="Only where NAME has no key yet; the key is not printed."
)
def issue(name: str, site: str, path: Path | None, once: bool) -> None:
    """Make an API key for NAME and print it, this once."""
    path = path or keys_file(site)
    if once:
        if not path.exists() or name not in api_keys.load(path):
            api_keys.issue(path, name)
        return
    key = api_keys.issue(path, name)
    click.echo(f"The key of {name}, shown only now; it is kept in {path}.", err=True)
    click.echo("Hosts learn of it at the next run of deploys/stack.py.", err=True)
    click.echo(key.reveal())


@keys.command("list")
@site_option
@click.option("--file", "path", type=click.Path(path_type=Path), help="Another API key file.")
def list_keys(site: str, path: Path | None) -> None:
    """List the names of a site's API keys and the start of their digests."""
    for name, key in api_keys.load(path or keys_file(site)).items():
        click.echo(f"{name:<32}sha256:{api_keys.digest(key)[:12]}")
