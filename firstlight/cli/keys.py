"""``firstlight keys``: issue, list, rotate, revoke and limit a site's API keys."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from firstlight import keys as api_keys
from firstlight.cli.apply import applied
from firstlight.cli.key_list import line, table
from firstlight.cli.key_options import given_fields, limit_options
from firstlight.cli.site import keys_file, site_option
from firstlight.cli.span import span, span_or_none
from firstlight.errors import FirstlightError
from firstlight.secret import Secret


@click.group()
def keys() -> None:
    """API keys of a site."""


_name = click.argument("name")
_file = click.option(
    "--file", "path", type=click.Path(path_type=Path), help="Another API key file."
)
_to = click.option(
    "--to", type=click.Path(path_type=Path), help="Keep the key in this file, 0600; print nothing."
)
_expires = click.option(
    "--expires", "life", type=span, metavar="TIME", help="How long it works (30d, 12h)."
)
_apply = click.option(
    "--apply",
    "inventory",
    type=click.Path(exists=True),
    metavar="INVENTORY",
    help="Tell the edges of this inventory at once.",
)


@keys.command()
@_name
@site_option
@_file
@limit_options
@_expires
@_to
@click.option("--once", is_flag=True, help="Only where NAME has no key yet; else do nothing.")
@_apply
def issue(
    name: str,
    *,
    site: str,
    path: Path | None,
    life: int | None,
    to: Path | None,
    once: bool,
    inventory: str | None,
    **limits: Any,
) -> None:
    """Make an API key for NAME and print it, this once: only its digest is kept."""
    path = path or keys_file(site)
    if once and path.exists() and api_keys.load(path).get(name):
        if to is not None and not to.exists():
            raise FirstlightError(
                f"there is a key of {name} already, and {to} does not hold it",
                where=str(path),
                why="a key is shown once, when it is made",
                fix=f"make another one: firstlight keys rotate {name} --to {to} …",
            )
        click.echo(f"There is a key of {name} already.", err=True)
    else:
        if not path.exists():
            click.echo(f"{path} is new: these are the first keys of its site.", err=True)
        _said(path)
        key = api_keys.issue(path, name, life=life, to=to, **given_fields(**limits))
        _show(name, key, to)
    applied(inventory)


@keys.command("list")
@site_option
@_file
def list_keys(site: str, path: Path | None) -> None:
    """List a site's API keys: limits, the start of their digests, when they expire."""
    click.echo(table(api_keys.load(path or keys_file(site)), int(time.time())), nl=False)


@keys.command()
@_name
@site_option
@_file
@click.option(
    "--overlap",
    type=span_or_none,
    default="7d",
    metavar="TIME",
    help="How long the old key works on: 7d, or 0s.",
)
@_expires
@_to
@_apply
def rotate(
    name: str,
    *,
    site: str,
    path: Path | None,
    overlap: int,
    life: int | None,
    to: Path | None,
    inventory: str | None,
) -> None:
    """Make a new key for NAME and print it; the old one works on for a while (7 days)."""
    path = path or keys_file(site)
    _said(path)
    key = api_keys.rotate(path, name, overlap, life=life, to=to)
    _show(name, key, to)
    applied(inventory)


@keys.command()
@_name
@site_option
@_file
@_apply
def revoke(name: str, site: str, path: Path | None, inventory: str | None) -> None:
    """Take NAME's key away; what it has begun to receive comes to its end."""
    path = path or keys_file(site)
    _said(path)
    api_keys.revoke(path, name)
    click.echo(f"The key of {name} is revoked.", err=True)
    applied(inventory)


@keys.command()
@_name
@site_option
@_file
@limit_options
@click.option("--reset", is_flag=True, help="Back to the limits of its class first.")
@_apply
def limits(
    name: str, site: str, path: Path | None, reset: bool, inventory: str | None, **given: Any
) -> None:
    """Change what NAME's key may do; without an option only show it."""
    path, values = path or keys_file(site), given_fields(**given)
    own = {"rps": None, "burst": None, "concurrency": None} if reset else {}
    if not (own or values):
        click.echo(line(api_keys.named(path, name)))
        applied(inventory)
        return
    _said(path)
    click.echo(line(api_keys.change(path, name, lambda key: replace(key, **{**own, **values}))))
    applied(inventory)


@keys.command()
@click.argument("inventory", type=click.Path(exists=True))
def apply(inventory: str) -> None:
    """Tell the edges of INVENTORY what the keys are now, as --apply does."""
    applied(inventory)


def _said(path: Path) -> None:
    """Say it where the file still shows the keys themselves: this run ends that."""
    if path.exists() and api_keys.load(path).plain:
        click.echo(f"{path} held keys in plain text: their digests take their place.", err=True)


def _show(name: str, key: Secret, to: Path | None) -> None:
    if to is not None:
        click.echo(f"The key of {name} is in {to}; it is kept nowhere else.", err=True)
    else:
        click.echo(f"The key of {name}, shown only now and kept nowhere:", err=True)
        click.echo(key.reveal())
