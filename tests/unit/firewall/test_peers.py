"""Engines over several hosts: their peers, all of them, and nobody else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from firstlight.firewall.peers import chains, peerings
from firstlight.firewall.rules import of_host, spans
from firstlight.settings import HostSettings
from roles.openings import openings
from tests.site import BASES
from tests.unit.firewall.conftest import Load

NFT = shutil.which("nft") or "/usr/sbin/nft"


def rack(load: Load, engine: str = "vllm", nodes: int = 2) -> dict[str, HostSettings]:
    served = {"models": [BASES[engine] | {"gpus": 8, "nodes": nodes}]}
    hosts = {f"gpu{n}": served | {"edge": {"enabled": False}} for n in range(1, 5)}
    hosts["gpu2"] = {**hosts["gpu2"], "firewall": {"addresses": ["fd00::2"]}}
    return load(**hosts, door={"models": [], "edge": {"hosts": ["gpu1"]}, "address": "10.0.0.9"})


@pytest.mark.parametrize(("engine", "user"), [("vllm", 2000), ("sglang", 65534)])
def test_a_host_knows_its_own_copy_alone(load: Load, engine: str, user: int) -> None:
    site = rack(load, engine)
    found = {name: peerings(host, site) for name, host in site.items()}
    assert {name: [each.addresses for each in peers] for name, peers in found.items()} == {
        "gpu1": [("10.0.0.2", "fd00::2")], "gpu2": [("10.0.0.1",)], "gpu3": [("10.0.0.4",)],
        "gpu4": [("10.0.0.3",)], "door": [],
    }  # fmt: skip
    assert {each.user for peers in found.values() for each in peers} == {user}


def test_an_engine_of_one_host_needs_no_rule(load: Load) -> None:
    site = load(gpu1={})
    assert peerings(site["gpu1"], site) == () and chains(()) == ""


def test_a_copy_of_four_knows_three(load: Load) -> None:
    site = rack(load, nodes=4)
    (found,) = peerings(site["gpu3"], site)
    assert found.addresses == ("10.0.0.1", "10.0.0.2", "fd00::2", "10.0.0.4")


def test_the_rules(load: Load) -> None:
    site = rack(load)
    found = peerings(site["gpu1"], site)
    text = of_host(site["gpu1"], site, openings(site["gpu1"], site))
    end = 'tcp dport 1024-65535 accept comment "engine: from the other hosts of qwen3-8b"'
    for line in (f"ip saddr 10.0.0.2 {end}", f"ip6 saddr fd00::2 {end}"):
        assert line in text
    lines = [line.strip() for line in chains(found).splitlines()]
    assert lines[2] == "meta skuid 2000 jump engines_of_2000"
    inner = lines[lines.index("chain engines_of_2000 {") + 1 : -1]
    # Its own host, answers, its peers; all else is refused, at once rather than after a timeout.
    assert inner[0].startswith('oifname "lo" accept')
    assert inner[-1].startswith("counter reject")
    assert [line for line in inner if "daddr" in line and "10.0.0.2" not in line] == [
        'ip6 daddr { fd00::2 } tcp dport 1024-65535 accept comment "engine: the other hosts of qwen3-8b"'
    ]
    assert not any("53" in line.split("comment")[0].replace("65535", "") for line in inner)


@pytest.mark.skipif(not Path(NFT).exists(), reason="nft is missing")
def test_nft_takes_them(load: Load, tmp_path: Path) -> None:
    site = rack(load)
    text = of_host(site["gpu1"], site, openings(site["gpu1"], site))
    (tmp_path / "rules.nft").write_text(text)
    # A network of its own: the check asks the kernel, and needs root there.
    words = ["unshare", "--user", "--map-root-user", "--net", NFT, "-c", "-f", "rules.nft"]
    done = subprocess.run(
        words, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
    )
    if "unshare" in done.stderr:
        pytest.skip("no user namespaces here")
    assert done.returncode == 0, done.stderr


def test_neighbouring_ports_are_one_range() -> None:
    assert spans([443, 80, 81, 8000, 8001, 8002, 80]) == ["80", "81", "443", "8000-8002"]
