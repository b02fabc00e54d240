"""Templates, found by the path they are written to, rendered from ready-made values only."""

from __future__ import annotations

import functools
from pathlib import Path

import jinja2

_PACKAGED = Path(__file__).resolve().parent / "_templates"
# In a checkout the templates stand at the top, in a wheel inside the package.
TEMPLATES = _PACKAGED if _PACKAGED.is_dir() else _PACKAGED.parents[1] / "templates"
MANAGED = "Written by firstlight; change the inventory instead, the next run replaces this file."


@functools.cache
def environment() -> jinja2.Environment:
    """Return the environment of all templates: an undefined value is an error."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(path: str, **values: object) -> str:
    """Return the template for the host's ``path`` (``etc/…/x.conf``) with ``values``."""
    return environment().get_template(f"{path}.j2").render(managed=MANAGED, **values)


def verbatim(path: str) -> str:
    """Return the file for the host's ``path`` that has no values in it."""
    return (TEMPLATES / path).read_text()
