"""The catalogue of controls: each complete, none that breaks a host which serves.

UPDATE_EXPECTED=1 writes the table of docs/hardening.md anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from firstlight.catalogue.controls import Control, controls

DOCS = Path(__file__).resolve().parents[2] / "docs/hardening.md"
HEAD = "| --- | --- | --- | --- |\n"
CONTROLS = list(controls().values())
BREAKS = {
    "net.ipv4.ip_forward": "0",
    "net.ipv4.conf.all.forwarding": "0",
    "net.ipv6.conf.all.forwarding": "0",
    "net.ipv4.tcp_timestamps": "0",
    "net.ipv6.conf.all.disable_ipv6": "1",
    "net.bridge.bridge-nf-call-iptables": "0",
    "kernel.modules_disabled": "1",
    "kernel.kexec_load_disabled": "1",
    "user.max_user_namespaces": "0",
    "vm.overcommit_memory": "2",
}
"""What breaks Docker, NVIDIA's modules, long fast links, kdump or an engine's large mappings."""
NEEDED = re.compile(
    r"nvidia.*|overlay|br_netfilter|bridge|veth|nf_.*|nft_.*|x(t|frm)_.*|ip6?_?tables?.*|rdma.*|ib_.*"
    r"|mlx.*|nvme.*|squashfs|udf|vfat|fat|usb[-_]storage|loop|fuse|ext4|xfs|btrfs|tun"
)
"""Modules that GPUs, containers, fast networks, discs, snaps or a rescue need."""


@pytest.mark.parametrize("control", CONTROLS, ids=[each.id for each in CONTROLS])
def test_a_control_is_complete(control: Control) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", control.id)
    for text in (control.title, control.why, control.source):
        assert len(text) > 4, text
        assert not text.endswith("."), text
    for path, mode in control.modes.items():
        assert path.startswith("/") and re.fullmatch("[0-7]{3}", mode)
    for key, least in control.least.items():
        assert least <= int(control.sysctl[key]), "what is set would not do"
    kernel_only = control.modules or any(
        not key.startswith("net.")
        and not key.startswith("fs.suid")
        and key != "kernel.core_pattern"
        for key in control.sysctl
    )
    assert not kernel_only or control.kernel, "it would be set inside a container"


def test_no_control_breaks_what_a_host_is_for() -> None:
    assert [
        (each.id, key)
        for each in CONTROLS
        for key, value in each.sysctl.items()
        if BREAKS.get(key) == value
    ] == []
    found = [name for each in CONTROLS for name in each.modules if NEEDED.fullmatch(name)]
    assert found == []


def test_no_parameter_belongs_to_two_controls() -> None:
    keys = [key for each in CONTROLS for key in (*each.sysctl, *each.modes, *each.modules)]
    assert len(keys) == len(set(keys))


def table() -> str:
    """The table of the page, made from the catalogue."""
    rows = []
    for each in CONTROLS:
        title = f"{each.title} ({each.asked})" if each.asked else each.title
        rows.append(f"| `{each.id}` | {title} | {each.why} | {each.costs or '–'} |\n")
    return "".join(rows)


def test_the_documentation_lists_every_control() -> None:
    text = DOCS.read_text()
    before, head, rest = text.partition(HEAD)
    _, _, after = rest.partition("\n\n")
    if os.environ.get("UPDATE_EXPECTED"):
        DOCS.write_text(f"{before}{head}{table()}\n{after}")
    assert f"{head}{table()}\n" in DOCS.read_text(), "write it anew with UPDATE_EXPECTED=1"
