"""`firstlight lab`: a rack on your own machine."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import NoReturn

import click

from firstlight.cli.root import become_root
from firstlight.lab import kinds, manifest, ssh, teardown
from firstlight.lab import rack as racks
from firstlight.lab.gpus import hardware
from firstlight.lab.inventory import ENGINE_SETTINGS, engine_names
from firstlight.lab.machine import shared
from firstlight.lab.sources import SUITES
from firstlight.lab.state import Rack, checkout_here

# Options after the host's name belong to the command that runs there.
PASS_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}
name_option = click.option("--name", help="Which lab of this checkout (default: $FIRSTLIGHT_LAB).")
kind_help = f"What new hosts are (default: nspawn), or HOST=KIND: {', '.join(kinds.CHOICES)}."
gpus_help = f"SIMULATED GPUs of new hosts, or HOST=KIND: {', '.join(hardware.CHOICES)}."
engine_help = f"Images of these engines too: {', '.join(ENGINE_SETTINGS)}."
json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")


def say(text: str) -> None:
    """A progress line, away from the output."""
    click.echo(text, err=True)


@click.group()
def lab() -> None:
    """A rack on your own machine: real hosts in namespaces, with their own network."""


@lab.command()
@click.option("--hosts", default=1, show_default=True, type=click.IntRange(1, 200))
@click.option("--suite", type=click.Choice(SUITES), help="Debian of new hosts (default: trixie).")
@click.option("--engine", "engines", multiple=True, metavar="NAME[,NAME…]", help=engine_help)
@click.option("--services/--no-services", default=True, help="Registry and model hub.")
@click.option("--gpus", multiple=True, metavar="[HOST=]KIND", help=gpus_help)
@click.option("--kind", "kind", multiple=True, metavar="[HOST=]KIND", help=kind_help)
@click.option("--acme", is_flag=True, help="An ACME server too (pebble), for certificates.")
@click.option("--guard", is_flag=True, help="The image of Presidio too, for the guard.")
@click.option("--gpu-exporter", is_flag=True, help="The SIMULATED DCGM exporter's image too.")
@click.option("--grafana", is_flag=True, help="The SIMULATED Grafana's image too.")
@name_option
def up(
    *,
    hosts: int,
    suite: str | None,
    engines: tuple[str, ...],
    services: bool,
    gpus: tuple[str, ...],
    kind: tuple[str, ...],
    acme: bool,
    guard: bool,
    gpu_exporter: bool,
    grafana: bool,
    name: str | None,
) -> None:
    """Make the lab run; what already runs stays as it is."""
    wanted = engine_names(engines)
    become_root()
    go = partial(racks.up, gpus=hardware.kinds(gpus), kind=kinds.words(kind), say=say)
    go = partial(go, acme=acme, guard=guard, gpu_exporter=gpu_exporter, grafana=grafana)
    rack = go(hosts, suite=suite, engine=wanted, name=name, services=services)
    for host, entry in sorted(rack.hosts.items()):
        simulated = "" if entry.gpus == hardware.NONE else f"\t{entry.gpus} SIMULATED"
        click.echo(f"{host}\t{entry.address}\t{entry.suite}{simulated}")


@lab.command()
@click.option("--all", "everything", is_flag=True, help="Every lab of this checkout.")
@click.option("--purge", is_flag=True, help="Disks, state and caches too.")
@name_option
def down(everything: bool, purge: bool, name: str | None) -> None:
    """Power the lab off and take its network away."""
    become_root()
    here = checkout_here().resolve()
    if everything:
        known = [rack for rack in manifest.on_machine() if _ours_or_orphan(rack, here)]
    else:
        known = [racks.require(name)]
    for rack in known:
        teardown.down(rack, purge=purge, say=say)
    if everything and purge and teardown.purge_machine(say):
        say("nothing of the lab is left on this machine but its packages")


def _ours_or_orphan(rack: Rack, checkout: Path) -> bool:
    return rack.checkout == checkout or not rack.checkout.is_dir()


@lab.command("list")
@json_option
def list_labs(as_json: bool) -> None:
    """All labs on this machine."""
    become_root()
    found = [
        {"name": rack.name, "id": rack.id, "checkout": str(rack.checkout), "cidr": rack.cidr}
        | {"running": sum(status["state"] == "running" for status in racks.status(rack))}
        | {"hosts": len(rack.hosts)}
        for rack in manifest.on_machine()
    ]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for item in found:
        click.echo("{name}\t{running}/{hosts} hosts\t{cidr}\t{checkout}".format(**item))


@lab.command()
@json_option
@name_option
def status(as_json: bool, name: str | None) -> None:
    """The lab's hosts, and what they share."""
    become_root()
    rack = racks.require(name)
    hosts = racks.status(rack)
    if as_json:
        click.echo(json.dumps({"id": rack.id, "hosts": hosts, "shared": shared()}, indent=2))
        return
    for item in hosts:
        click.echo("{name}\t{state}\t{address}\t{suite}\tboots {boots}".format(**item))
    click.echo(shared())


def _plain(command: tuple[str, ...]) -> tuple[str, ...]:
    """Without the ``--`` that may stand before the command."""
    return command[1:] if command[:1] == ("--",) else command


@lab.command("ssh", context_settings=PASS_ON)
@name_option
@click.argument("host")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def ssh_to(host: str, command: tuple[str, ...], name: str | None) -> NoReturn:
    """Log in to a host as `ops`, or run a command there (a shell's line, as with plain ssh)."""
    rack = racks.require(name)
    racks.host(rack, host)
    argv = ssh.command_line(rack, host, _plain(command), tty=sys.stdin.isatty() and not command)
    sys.exit(subprocess.run(argv, check=False).returncode)


@lab.command("exec", context_settings=PASS_ON)
@name_option
@click.argument("host")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(host: str, command: tuple[str, ...], name: str | None) -> NoReturn:
    """Run a command as root on a host, from outside: works without its network or sshd."""
    become_root()
    sys.exit(racks.host(racks.require(name), host).execute(_plain(command)))


@lab.command()
@click.option("--suite", type=click.Choice(SUITES), help="Another Debian than before.")
@click.option("--gpus", type=click.Choice(hardware.CHOICES), help="Other GPUs than before.")
@name_option
@click.argument("host")
def reset(host: str, suite: str | None, gpus: str | None, name: str | None) -> None:
    """Make a host bare again: same address, same host key, new disk."""
    become_root()
    racks.reset(racks.require(name), host, suite, say, gpus)


@lab.command()
@name_option
@click.argument("host")
def poweroff(host: str, name: str | None) -> None:
    """Shut a host down in an orderly way; `up` switches it on again."""
    become_root()
    racks.switch_off(racks.require(name), host, orderly=True, say=say)


@lab.command()
@name_option
@click.argument("host")
def kill(host: str, name: str | None) -> None:
    """Cut a host's power: nothing in it is shut down (what it wrote so far stays)."""
    become_root()
    racks.switch_off(racks.require(name), host, orderly=False, say=say)


if __name__ == "__main__":
    lab()
