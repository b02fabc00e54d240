"""``firstlight ca``: the site's own certificate authority."""

from __future__ import annotations

import click

from firstlight.cli.site import site_folder, site_option
from firstlight.pki import Authority


@click.group()
def ca() -> None:
    """The internal CA that signs the certificates of a site's edges."""


@ca.command()
@site_option
def show(site: str) -> None:
    """Show where the root certificate is, its fingerprint and when it ends."""
    authority = Authority.load(site_folder(site) / "ca")
    click.echo(f"file         {authority.path}")
    click.echo(f"SHA-256      {authority.fingerprint}")
    click.echo(f"valid until  {authority.not_after:%Y-%m-%d}")


@ca.command()
@site_option
def root(site: str) -> None:
    """Print the root certificate (PEM), to be trusted by clients."""
    click.echo(Authority.load(site_folder(site) / "ca").pem, nl=False)
