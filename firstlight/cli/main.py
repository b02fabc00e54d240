"""The command group; every subcommand is imported only when it is used."""

from __future__ import annotations

import importlib
import sys

import click

from firstlight import __version__
from firstlight.errors import FirstlightError

COMMANDS = {
    "alert": "Whether alerts arrive at those who are told.",
    "audit": "What is exposed and not as it was declared, from outside and from inside.",
    "ca": "The certificate authority of a site.",
    "keys": "API keys of a site.",
    "lab": "A rack on your own machine.",
    "recommend": "A model and an engine for your cards and your use.",
    "size": "Whether a model fits your cards, and what would make it fit.",
    "lock": "Pin what an inventory's tags and branches mean.",
    "models": "Weights in the stores of an inventory's hosts.",
    "report": "A page about a time that has passed, for people who were not there.",
    "status": "What hosts, GPUs and models do now, and which alerts fire.",
}


class LazyGroup(click.Group):
    """Knows its subcommands by name and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"firstlight.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=LazyGroup)
@click.version_option(__version__, prog_name="firstlight")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """From a bare OS to the first token, and safe to leave running."""
    context.obj = {"debug": debug}


def main() -> None:
    """Run the command; an error that is understood is text, not a traceback."""
    try:
        cli(standalone_mode=True)
    except FirstlightError as error:
        if "--debug" in sys.argv:
            raise
        click.echo(str(error), err=True)
        sys.exit(1)
