"""Whole deploys on hosts that exist only as facts: no SSH, no root, no change anywhere.

pyinfra plans ``deploys/stack.py`` as for ``--dry``; what every operation would write is kept,
so that a host can be made up on which all of it is there already.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any
from unittest import mock

import gevent
import pyinfra
import pytest
from pyinfra.api import Config, Inventory, State, connectors
from pyinfra.api.connect import connect_all
from pyinfra.api.host import Host
from pyinfra.api.state import StateStage
from pyinfra.context import ctx_config, ctx_inventory, ctx_state

from firstlight import adapter, keys, pki, registry
from firstlight.lock.pins import pins
from firstlight.operations import (
    certificates,
    docker,
    edge,
    engines,
    files,
    firewall,
    gpu_exporter,
    gpus,
    hardening,
    prometheus,
    ready,
    ssh,
)
from firstlight.operations.files import Directory, File
from firstlight.settings import HostSettings, load_site
from firstlight.weights import bundle

# The command line of pyinfra replaces threads and sockets of the whole process by gevent's when
# it is imported. That is right for SSH to many hosts, and not for the other tests here.
with mock.patch("gevent.monkey.patch_all"):
    from pyinfra_cli.inventory import make_inventory_from_files
    from pyinfra_cli.util import load_deploy_file

ROOT = Path(__file__).resolve().parents[2]
LOCKED = ROOT / "tests/roles/inventories"
INSTANT = {"fake_delay": 0, "fake_delay_jitter": 0}
Facts = Callable[[HostSettings, type, dict[str, Any]], Any]


@dataclass
class Played:
    """What a plan came to, by host: operations that would change it, files that they write."""

    changes: dict[str, list[str]] = field(default_factory=dict)
    written: dict[str, dict[str, File | Directory]] = field(default_factory=dict)
    settings: dict[str, HostSettings] = field(default_factory=dict)


class Stage:
    """``root`` is the control machine's folder, with keys for the sites of all examples."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.root, self.patch = root, patch
        self.written: dict[str, dict[str, File | Directory]] = {}
        for site in ("lab", "prod", "workstation"):
            keys.issue(root / f".firstlight/{site}/keys/api-keys.toml", "alice")
        (root / "secrets").mkdir()
        registry_ca = pki.Authority.load_or_create(root / "a-registry", "registry")
        (root / "secrets/registry-ca.pem").write_text(registry_ca.pem)
        patch.setattr(pyinfra, "is_cli", True)
        # Of several hosts that refuse the first one says why: it has to be the same one each time.
        patch.setattr(gevent, "iwait", in_turn)
        patch.setattr(connectors, "entry_points", entry_points)
        patch.setattr(registry, "require", lambda *_: None)
        patch.setattr(registry, "environment", lambda *_: {})
        patch.setattr(bundle, "archive", lambda _: b"the fetch program")
        writers = (
            certificates,
            docker,
            edge,
            engines,
            files,
            gpus,
            gpu_exporter,
            prometheus,
            ready,
        )
        for module in writers:
            patch.setattr(module, "writing", self._writing(module.writing))

        # What is tried is written by a later command than the one that a plan looks at.
        for module in (firewall, hardening, ssh):
            patch.setattr(module, "tried", self._tried(module.tried))

    def _tried(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def tried(name: str, items: list[File | Directory], **named: Any) -> Any:
            self._kept(items)
            return real(name, items, **named)

        return tried

    def _kept(self, items: list[File | Directory]) -> None:
        kept = self.written.setdefault(pyinfra.host.name.removeprefix("@fake/"), {})
        kept.update({item.path: item for item in items})

    def _writing(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def writing(items: list[File | Directory], *arguments: Any, **named: Any) -> Any:
            self._kept(items)
            return real(items, *arguments, **named)

        return writing

    def play(
        self, inventory: Path, facts: Facts, deploy: str = "stack", *, watched: bool = False
    ) -> Played:
        """Plan a deploy for every host of ``inventory``, whose state is what ``facts`` says.

        Its hosts are observed only where that is what is looked at: ``watched``.
        """
        self.written = {}
        # The examples have no lock: their digests are the reader's. Here they are all zeros.
        locked = LOCKED / inventory.name
        self.patch.setattr(adapter, "inventory_file", lambda: locked)
        state = State(check_for_changes=True)
        state.cwd = str(self.root)
        config = Config()
        with ctx_state.use(state), ctx_config.use(config):
            hosts = fake(make_inventory_from_files(str(inventory), cwd=str(ROOT)), watched)
            with ctx_inventory.use(hosts):
                state.init(hosts, config)
                site = load_site(adapter.inventory_data(hosts), self.root, pins(locked))
                self.patch.setattr(Host, "get_fact", answering(facts, site))
                connect_all(state)
                state.set_stage(StateStage.Prepare)
                config.lock_current_state()
                load_deploy_file(state, str(ROOT / f"deploys/{deploy}.py"))
                changes = {short(host): list(changing(state, host)) for host in hosts}
        return Played(
            changes, self.written, {name.removeprefix("@fake/"): site[name] for name in site}
        )


@functools.cache
def entry_points(group: str) -> Any:
    """Those of all that is installed: pyinfra reads them seven times for each inventory."""
    return metadata.entry_points(group=group)


def in_turn(greenlets: Iterable[Any]) -> Iterator[Any]:
    """Wait for all of them, and yield them in the order of what they say."""
    began = list(greenlets)
    gevent.joinall(began)
    return iter(sorted(began, key=lambda each: str(each.value)))


def fake(real: Inventory, watched: bool) -> Inventory:
    """Return the same hosts, groups and data, with nothing behind them."""
    hosts, groups = [], {}
    alone = {} if watched else {"monitor": {"enabled": False}}
    for host in real:
        data = host.data.dict()  # type: ignore[no-untyped-call]
        hosts.append((f"@fake/{host.name}", {**data, **alone, **INSTANT}))
        for group in host.groups:
            groups.setdefault(group, ([], {}))[0].append(f"@fake/{host.name}")
    return Inventory((hosts, {}), **groups)


def answering(facts: Facts, site: dict[str, HostSettings]) -> Callable[..., Any]:
    def get_fact(host: Host, kind: type, *_: Any, **arguments: Any) -> Any:
        return facts(site[host.name], kind, arguments)

    return get_fact


def changing(state: State, host: Host) -> Iterator[str]:
    """Yield the names of the operations that would change ``host``, in their order."""
    for number in state.get_op_order():
        operation = state.ops[host].get(number)
        if operation is not None and operation.operation_meta.will_change:
            yield min(state.get_op_meta(number).names)


def short(host: Host) -> str:
    return str(host.name).removeprefix("@fake/")
