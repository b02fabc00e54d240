"""What counts as taken on a machine, and which name servers guests can ask."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from firstlight.errors import FirstlightError
from firstlight.lab import addresses


def test_routes_count_but_not_the_default_one_nor_our_own() -> None:
    routes = [
        {"dst": "default", "dev": "eth0"},
        {"dst": "10.200.0.0/16", "dev": "tun0"},
        {"dst": "10.3.4.5", "dev": "eth0"},
        {"dst": "10.201.7.0/24", "dev": "fl3fa9c1"},
    ]
    assert addresses.from_routes(routes, "fl3fa9c1") == [
        IPv4Network("10.200.0.0/16"),
        IPv4Network("10.3.4.5/32"),
    ]


def test_addresses_count_with_their_whole_network() -> None:
    links = [
        {"ifname": "eth0", "addr_info": [{"local": "10.9.8.7", "prefixlen": 24}]},
        {"ifname": "fl3fa9c1", "addr_info": [{"local": "10.201.7.1", "prefixlen": 24}]},
    ]
    assert addresses.from_links(links, "fl3fa9c1") == [IPv4Network("10.9.8.0/24")]


def test_a_loopback_resolver_is_no_use_to_a_guest() -> None:
    text = "# stub\nnameserver 127.0.0.53\nnameserver 10.0.0.2\nnameserver fe80::1\nsearch lan\n"
    assert addresses.nameservers(text) == ["10.0.0.2"]


def test_behind_a_stub_the_real_servers_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub, real = tmp_path / "stub", tmp_path / "real"
    stub.write_text("nameserver 127.0.0.53\nsearch lan\n")
    monkeypatch.setattr(addresses, "RESOLV_CONF", stub)
    monkeypatch.setattr(addresses, "BEHIND_STUB", (tmp_path / "absent", real))
    with pytest.raises(FirstlightError, match="no name server"):
        addresses.resolv_conf()
    real.write_text("nameserver 10.0.0.2\nsearch lan\n")
    assert addresses.resolv_conf() == "nameserver 10.0.0.2\nsearch lan\n"
