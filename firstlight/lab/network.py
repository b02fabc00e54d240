"""The lab's bridge, its own nftables table with NAT, and the machine's ip_forward."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from firstlight.errors import FirstlightError
from firstlight.lab import identity
from firstlight.lab.command import run
from firstlight.lab.state import Rack, read_json, write_json

IP_FORWARD = Path("/proc/sys/net/ipv4/ip_forward")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
NEIGHBOURS = Path("/proc/sys/net/ipv4/neigh")
INTERFACES = Path("/sys/class/net")


def ruleset(table: str, bridge: str, cidr: str) -> str:
    """The table, replaced as one transaction: never half there, never flushed.

    Guests get out (masqueraded) and reach each other; nothing new comes in from elsewhere,
    since a bare host is not meant for the machine's neighbours. ``accept`` here cannot undo a
    ``drop`` in another table: see `obstacles`. Segment sizes are cut to the way out, because
    Docker's bridge inside a guest always has an MTU of 1500, whatever the machine's uplink has.
    """
    body = f"""\
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {cidr} oifname != "{bridge}" masquerade
  }}
  chain forward {{
    type filter hook forward priority filter; policy accept;
    iifname "{bridge}" tcp flags syn tcp option maxseg size set rt mtu
    iifname "{bridge}" accept
    oifname "{bridge}" ct state established,related accept
    oifname "{bridge}" drop
  }}
"""
    head = f"table inet {table} {{}}\ndelete table inet {table}\n"
    return f'{head}table inet {table} {{\n  comment "{digest(body)}"\n{body}}}\n'


def digest(text: str) -> str:
    """A short mark by which a table tells which rules it was made from."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def up(rack: Rack) -> None:
    """Make bridge, table and forwarding as they should be; what is right stays untouched."""
    _remember_forwarding(rack.lib_dir)
    bridge = rack.bridge
    if not (INTERFACES / bridge).exists():
        run("ip", "link", "add", bridge, "type", "bridge", "forward_delay", "0")
    mtu = str(uplink_mtu())
    run("ip", "link", "set", bridge, "mtu", mtu, "addrgenmode", "none", "up")
    run("ip", "address", "replace", f"{rack.address}/{rack.network.prefixlen}", "dev", bridge)
    # A host is asked for while it boots; ask again soon, not after the usual second.
    (NEIGHBOURS / bridge / "retrans_time_ms").write_text("50")
    if not table_is_right(rack):
        table = identity.table_name(rack.id)
        run("nft", "-f", "-", text=ruleset(table, bridge, rack.cidr))


def is_up(rack: Rack) -> bool:
    """Whether bridge, address, table and forwarding are all there."""
    if not (INTERFACES / rack.bridge).exists() or IP_FORWARD.read_text().strip() != "1":
        return False
    shown = json.loads(run("ip", "-json", "-4", "address", "show", "dev", rack.bridge, "up"))
    addresses = [item["local"] for link in shown for item in link.get("addr_info", [])]
    return rack.address in addresses and table_is_right(rack)


def down(rack: Rack) -> None:
    """Take the lab's bridge and table away; the last lab puts ip_forward back."""
    remove_table(identity.table_name(rack.id))
    remove_link(rack.bridge)
    others = {path.name for path in INTERFACES.iterdir()}
    labs = {identity.bridge_name(path.name) for path in rack.lib_dir.glob("*") if path.is_dir()}
    if not others & labs:
        put_forwarding_back(rack.lib_dir)


def table_is_right(rack: Rack) -> bool:
    """Whether the lab's table is there and was made from the rules it should have."""
    table = identity.table_name(rack.id)
    wanted = ruleset(table, rack.bridge, rack.cidr)
    mark = next(line.strip() for line in wanted.splitlines() if "comment" in line)
    try:
        return mark in run("nft", "list", "table", "inet", table)
    except FirstlightError:
        return False


def remove_table(table: str) -> None:
    """Delete an ``inet`` table if it is there."""
    run("nft", "-f", "-", text=f"table inet {table} {{}}\ndelete table inet {table}\n")


def remove_link(name: str) -> None:
    """Delete an interface if it is there."""
    if (INTERFACES / name).exists():
        run("ip", "link", "delete", name)


def uplink_mtu() -> int:
    """The smallest MTU of the machine's default routes in bytes: guests must not exceed it."""
    routes = json.loads(run("ip", "-json", "-4", "route", "show", "default"))
    files = [INTERFACES / str(route.get("dev")) / "mtu" for route in routes]
    return min((int(path.read_text()) for path in files if path.exists()), default=1500)


def _remember_forwarding(lib_dir: Path) -> None:
    """Note what ip_forward was in this boot before the first lab, then switch it on."""
    note = lib_dir / "ip_forward.json"
    boot = BOOT_ID.read_text().strip()
    known = read_json(note)
    if known is None or known.get("boot_id") != boot:
        write_json(note, {"boot_id": boot, "value": IP_FORWARD.read_text().strip()})
    if IP_FORWARD.read_text().strip() != "1":
        IP_FORWARD.write_text("1")


def put_forwarding_back(lib_dir: Path) -> None:
    """Restore ip_forward, unless the machine was booted since (then it is its own again)."""
    note = lib_dir / "ip_forward.json"
    known = read_json(note)
    if known is not None and known.get("boot_id") == BOOT_ID.read_text().strip():
        IP_FORWARD.write_text(str(known["value"]))
    note.unlink(missing_ok=True)


def drops_forwarding(ruleset_json: dict[str, Any]) -> list[str]:
    """Base chains on the forward hook whose policy is drop, as ``family table chain``."""
    chains = [item["chain"] for item in ruleset_json.get("nftables", []) if "chain" in item]
    return [
        f"{chain['family']} {chain['table']} {chain['name']}"
        for chain in chains
        if chain.get("hook") == "forward" and chain.get("policy") == "drop"
    ]


def obstacles(rack: Rack) -> list[str]:
    """What of the machine's own firewall stands in the lab's way, with the command that helps.

    A packet must pass every base chain of a hook; no table of ours can overrule a drop policy
    (Docker and ufw set one), and the lab does not touch rules that are not its own.
    """
    found = drops_forwarding(json.loads(run("nft", "-json", "list", "chains")))
    return [
        f"the chain `{chain}` of this machine drops forwarded packets by default; lab hosts have "
        f"no way out unless it lets the bridge through: "
        f"nft insert rule {chain} iifname {rack.bridge} accept; "
        f"nft insert rule {chain} oifname {rack.bridge} accept"
        for chain in found
        if not _let_through(chain, rack.bridge)
    ]


def _let_through(chain: str, bridge: str) -> bool:
    rules = run("nft", "list", "chain", *chain.split())
    return any(bridge in line and "accept" in line for line in rules.splitlines())
