"""Where a site keeps its state, for the commands that work on one."""

from __future__ import annotations

from pathlib import Path

import click
from pydantic import TypeAdapter, ValidationError

from firstlight.errors import FirstlightError
from firstlight.settings.host import STATE
from firstlight.settings.value import Slug

_SLUG: TypeAdapter[str] = TypeAdapter(Slug)

site_option = click.option(
    "--site", default="firstlight", show_default=True, help="Name of the site, as in its settings."
)


def site_folder(site: str) -> Path:
    """The state folder of ``site`` below the current folder.

    Raises :class:`FirstlightError` where the name could not be a site's.
    """
    try:
        return Path.cwd() / STATE / _SLUG.validate_python(site)
    except ValidationError:
        raise FirstlightError(
            "this is not the name of a site",
            where="--site",
            why="a site is named in lower-case letters, digits and '-', a letter first",
            fix="give the value of `site` in the inventory's data",
        ) from None


def keys_file(site: str) -> Path:
    """The API key file of ``site``, where its settings name no other."""
    return site_folder(site) / "keys" / "api-keys.toml"
