"""``firstlight audit``: what is not as it was declared, from outside and from inside."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from firstlight.audit import document, report, scan
from firstlight.audit.asked import Asked
from firstlight.audit.command import Audit
from firstlight.audit.command import audit as look
from firstlight.errors import FirstlightError


class Ports(click.ParamType[scan.Ranges]):
    """TCP ports as people write them: ``22,80,8000-8100``."""

    name = "ports"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> scan.Ranges:
        if isinstance(value, tuple):
            return value
        found = []
        for part in str(value).split(","):
            low, dash, high = part.strip().partition("-")
            if not (low.isdecimal() and (high if dash else low).isdecimal()):
                self.fail(f"{part!r} is no port and no range (example: 22,8000-8100)", param, ctx)
            pair = int(low), int(high or low)
            if not 1 <= pair[0] <= pair[1] <= 65535:
                self.fail(f"{part!r}: ports go from 1 to 65535", param, ctx)
            found.append(pair)
        return tuple(found)


class Inventory(click.ParamType[str]):
    """An inventory as pyinfra takes it: a file, a connector (``@vagrant``), names with commas."""

    name = "inventory"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        text = str(value)
        if not (text.startswith("@") or "," in text or Path(text).exists()):
            self.fail(f"{text!r} does not exist", param, ctx)
        return text


class Report(click.Path):
    """A file that can be written: known before an audit of minutes begins."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        folder = path.resolve().parent
        if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
            self.fail(f"{str(folder)!r} is no folder to write to", param, ctx)
        return path


@click.command()
@click.argument("inventory", type=Inventory())
@click.option("--limit", multiple=True, metavar="HOST", help="Only this host or group.")
@click.option(
    "--from",
    "vantages",
    multiple=True,
    metavar="HOST",
    help="Look from this host too: one of the inventory, or where ssh gets to.",
)
@click.option(
    "--ports",
    type=Ports(),
    default=scan.ALL,
    show_default="1-65535",
    help="TCP ports to probe.",
)
@click.option(
    "--rate",
    type=click.IntRange(50, 50000),
    default=scan.RATE,
    show_default=True,
    help="Probes a second for each address.",
)
@click.option("--inside-only", is_flag=True, help="Probe no port from outside.")
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option("--sarif", type=Report(), help="Write SARIF 2.1.0 to this file.")
@click.pass_context
def audit(
    context: click.Context,
    *,
    inventory: str,
    limit: tuple[str, ...],
    vantages: tuple[str, ...],
    ports: scan.Ranges,
    rate: int,
    inside_only: bool,
    strict: bool,
    as_json: bool,
    sarif: Path | None,
) -> None:
    """Show what of INVENTORY's hosts is not as it was declared; nothing is changed.

    Every TCP port and common UDP services are asked from outside, and every host is looked at from
    inside. Exit code 0: nothing failed; 1: something could not be looked at; 3: something failed.
    """
    found = look(Asked(inventory, limit, vantages, ports, rate, not inside_only))
    if as_json:
        click.echo(json.dumps(document.as_json(found, strict), indent=2))
    else:
        show(found)
    if sarif is not None:
        write(sarif, json.dumps(document.sarif(found, strict), indent=2) + "\n")
    context.exit(document.exit_code(found, strict))


def write(path: Path, text: str) -> None:
    """Write a report; the one on stdout is there already."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        what, why = "the report was not written", error.strerror or str(error)
        raise FirstlightError(what, where=str(path), why=why) from None


def show(found: Audit) -> None:
    """Print the report; what could not be looked at goes to stderr."""
    for name in found.looked:
        seen = [each for each in found.seen if each.host == name]
        click.echo(report.table(name, found.of(name), seen))
    click.echo(
        f"\n{len(found.looked)} hosts in {found.seconds:.0f} s: {report.counted(found.findings)}"
    )
    for problem in found.problems:
        click.echo(f"not looked at: {problem}", err=True)
