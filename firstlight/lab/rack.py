"""A lab as a whole: up, down, status, and one host bare again."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from firstlight.errors import FirstlightError
from firstlight.lab import (
    addresses,
    entries,
    exclusive,
    identity,
    kinds,
    leftovers,
    manifest,
    network,
    packages,
    programs,
    rootfs,
    ssh,
)
from firstlight.lab.entries import DEFAULT_SUITE, Wanted
from firstlight.lab.exclusive import Say, quiet
from firstlight.lab.state import (
    LIB_DIR,
    Rack,
    checked_name,
    checkout_here,
    default_name,
    invoking_owner,
)
from firstlight.lab.supervised import SupervisedHost
from firstlight.lab.vm import able


def up(
    hosts: int = 1,
    *,
    suite: str | None = None,
    engine: str | Sequence[str] | None = None,
    name: str | None = None,
    checkout: Path | None = None,
    services: bool = True,
    only_network: bool = False,
    gpus: Mapping[str, str] | None = None,
    kind: Mapping[str, str] | None = None,
    acme: bool = False,
    guard: bool = False,
    gpu_exporter: bool = False,
    grafana: bool = False,
    say: Say = quiet,
) -> Rack:
    """Make a lab run: network, ``hosts`` hosts (lab1 …), services, and images of ``engine``.

    ``suite`` (default: trixie), ``gpus`` and ``kind`` (by host, "" for every one) are for new
    hosts; ``services``, ``acme``, ``guard``, ``gpu_exporter``, ``grafana``: see programs;
    ``only_network`` leaves the hosts out.
    """
    rootfs.checked_suite(suite or DEFAULT_SUITE)
    checkout = (checkout or checkout_here()).resolve()
    name = checked_name(name) if name else default_name()
    with exclusive.lab(identity.lab_id(checkout, name), f"the lab {name}"):
        packages.ensure(say)
        rack = _network_up(checkout, name, suite, say)
        if not only_network:
            wanted = Wanted(suite, gpus or {}, kind or {})
            entries.note(rack, identity.host_names(hosts), wanted, say)
            _hosts_up(rack, say)
            asked = {"acme": acme, "guard": guard, "gpu_exporter": gpu_exporter, "grafana": grafana}
            programs.up(rack, services, engine or (), say, **asked)
        manifest.save(rack)
    return rack


def _network_up(checkout: Path, name: str, suite: str | None, say: Say) -> Rack:
    with exclusive.machine("the lab's network"):
        rack = find(checkout, name)
        fresh = rack is None
        if rack is None:
            identifier = identity.lab_id(checkout, name)
            cidr = identity.choose(identifier, addresses.taken(identifier, LIB_DIR))
            rack = Rack(name, checkout, str(cidr), suite or DEFAULT_SUITE)
        rack.owner_uid, rack.owner_gid = invoking_owner()
        rack.machine_dir.mkdir(mode=0o700, exist_ok=True)
        manifest.save(rack)
        leftovers.clean(leftovers.find(leftovers.look(rack.id)), say)
        if not network.is_up(rack):
            _refuse_clash(rack)
            network.up(rack)
            say(f"network {rack.cidr} on {rack.bridge}" + (" (new range)" if fresh else ""))
        for obstacle in network.obstacles(rack):
            say(f"WARNING: {obstacle}")
    return rack


def _refuse_clash(rack: Rack) -> None:
    """A range taken weeks ago may since be somebody else's: a VPN's, another network's."""
    other = identity.clashes(rack.network, addresses.taken(rack.id, LIB_DIR))
    if other is not None:
        raise FirstlightError(
            "the lab's address range is now in use on this machine",
            where=rack.cidr,
            why=f"it overlaps {other}",
            fix=f"firstlight lab down --purge --name {rack.name}, then up: it takes another range",
        )


def _hosts_up(rack: Rack, say: Say) -> None:
    if any(entry.kind == kinds.VM for entry in rack.hosts.values()):
        packages.ensure(say, able.NEEDED)
    machines = [kinds.of(rack, name, say) for name in sorted(rack.hosts)]
    began = time.monotonic()
    started = [machine for machine in machines if not machine.ready()]
    for machine in machines:
        machine.create()
        machine.start()
    ssh.write_known_hosts(rack)
    manifest.save(rack)
    for machine in started:
        machine.wait_ssh(machine.BOOT_SECONDS)
        say(f"lab host {machine.name} up in {time.monotonic() - began:.1f} s")


def find(checkout: Path, name: str) -> Rack | None:
    """The lab as checkout or machine remember it, running or not; None if there is none."""
    rack = manifest.load(checkout, name)
    if rack is None and os.geteuid() == 0:
        wanted = identity.lab_id(checkout, name)
        rack = next((known for known in manifest.on_machine() if known.id == wanted), None)
    return rack


def require(name: str | None = None, checkout: Path | None = None) -> Rack:
    """The lab of this name (default: the environment's); raises if it was never up."""
    name = checked_name(name) if name else default_name()
    rack = find((checkout or checkout_here()).resolve(), name)
    if rack is None:
        raise FirstlightError("there is no such lab", where=name, fix="firstlight lab up")
    return rack


def host(rack: Rack, name: str, say: Say = quiet) -> SupervisedHost:
    """One host of a lab; raises if it has none of that name."""
    if name not in rack.hosts:
        known = ", ".join(sorted(rack.hosts)) or "none"
        raise FirstlightError("the lab has no such host", where=name, why=f"it has: {known}")
    return kinds.of(rack, name, say)


def reset(
    rack: Rack, name: str, suite: str | None = None, say: Say = quiet, gpus: str | None = None
) -> None:
    """Recreate one host bare: same address, same host key, new disk; then boot it."""
    machine = host(rack, name, say)
    with exclusive.lab(rack.id, f"the lab {rack.name}"):
        began = time.monotonic()
        entry = rack.hosts[name]
        changed = replace(entry, suite=suite or entry.suite, gpus=gpus or entry.gpus)
        rootfs.checked_suite(changed.suite)
        rack.hosts[name] = kinds.checked(changed)
        machine.set_aside()
        machine.create()
        machine.start()
        machine.wait_ssh(machine.BOOT_SECONDS)
        machine.sweep()
        programs.archive_up(rack, say)
        manifest.save(rack)
        say(f"lab host {name} bare again in {time.monotonic() - began:.1f} s")


def switch_off(rack: Rack, name: str, orderly: bool, say: Say = quiet) -> None:
    """Shut one host down, or cut its power. `up` starts it again with the disk it had."""
    machine = host(rack, name, say)
    with exclusive.lab(rack.id, f"the lab {rack.name}"):
        began = time.monotonic()
        if orderly:
            machine.poweroff()
        else:
            machine.kill()
        say(f"{name} off in {time.monotonic() - began:.1f} s")


def status(rack: Rack) -> list[dict[str, Any]]:
    """One `HostStatus` per host, as plain values."""
    return [asdict(kinds.of(rack, name, quiet).status()) for name in sorted(rack.hosts)]
