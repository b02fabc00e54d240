"""What roles declare becomes rules; what nobody declares is in none."""

from __future__ import annotations

from typing import Any

from firstlight.firewall.opening import Opening
from firstlight.firewall.rules import of_host, rules, ruleset, shortened
from firstlight.settings.firewall import Firewall
from roles.openings import openings
from tests.unit.firewall.conftest import Load

RACK: dict[str, dict[str, Any]] = {
    "gpu1": {},
    "door": {"models": [], "address": "10.0.0.9", "firewall": {"addresses": ["fd00::9"]}},
}


def declared(load: Load, name: str, **hosts: dict[str, Any]) -> dict[tuple[int, ...], Opening]:
    site = load(**hosts)
    return {each.ports: each for each in openings(site[name], site)}


def test_a_workstation(load: Load) -> None:
    found = declared(load, "gpu1", gpu1={"firewall": {"admin": ["192.168.1.0/24"]}})
    assert set(found) == {(22,), (80, 443)}
    assert found[22,].sources == ("192.168.1.0/24",) and not found[22,].anywhere
    assert found[80, 443].anywhere and found[80, 443].role == "edge"


def test_a_rack_opens_its_gates_to_its_edge_alone(load: Load) -> None:
    assert set(declared(load, "door", **RACK)) == {(22,), (80, 443)}
    found = declared(load, "gpu1", **RACK)
    assert set(found) == {(22,), (9443,), (18000,)}
    assert found[9443,].sources == found[18000,].sources
    assert found[9443,].said == "the monitors door"
    assert found[18000,].sources == ("10.0.0.9", "fd00::9")
    assert list(rules(found[18000,])) == [
        'ip saddr 10.0.0.9 tcp dport 18000 accept comment "engine: from the edges door"',
        'ip6 saddr fd00::9 tcp dport 18000 accept comment "engine: from the edges door"',
    ]


def test_what_the_operator_adds(load: Load) -> None:
    allow = [
        {"ports": [9100], "from": "gpu", "why": "the exporter"},
        {"ports": [514, 51820], "protocol": "udp", "from": "anywhere", "why": "a VPN"},
        {"ports": [3000], "from": "door", "why": "a page"},
    ]
    rack = {**RACK, "gpu1": {**RACK["gpu1"], "firewall": {"allow": allow}}}
    found = declared(load, "gpu1", **rack)
    assert (found[9100,].said, found[9100,].sources) == ("group gpu", ("10.0.0.1",))
    assert (found[3000,].said, found[3000,].sources) == ("host door", ("10.0.0.9", "fd00::9"))
    assert list(rules(found[514, 51820])) == [
        'udp dport { 514, 51820 } accept comment "allowed: a VPN"'
    ]


def test_what_the_operator_opens_is_passed_on_to_a_container(load: Load) -> None:
    allow = [{"ports": [8080], "from": "10.9.0.0/16", "why": "my app"}]
    site = load(gpu1={"firewall": {"allow": allow}})
    text = of_host(site["gpu1"], site, openings(site["gpu1"], site))
    forward = text[text.index("chain forward") :]
    assert (
        "ip saddr 10.9.0.0/16 ct status dnat meta l4proto tcp ct original proto-dst 8080 accept"
        in forward
    )
    assert "proto-dst 443" not in forward and "proto-dst 22" not in forward


def test_a_protocol_without_ports(load: Load) -> None:
    allow = [{"protocol": "vrrp", "from": "gpu", "why": "keepalived"}]
    site = load(gpu1={"firewall": {"allow": allow}})
    text = of_host(site["gpu1"], site, openings(site["gpu1"], site))
    assert 'ip saddr 10.0.0.1 meta l4proto 112 accept comment "allowed: keepalived"' in text


def test_an_opening_for_nobody_opens_nothing() -> None:
    assert list(rules(Opening("engine", (18000,), (), "group empty"))) == []


def test_the_whole_table() -> None:
    text = ruleset(Firewall(), [Opening("edge", (443,))], (443,))
    assert text.count("policy drop;") == 2
    assert text.index("delete table inet firstlight") < text.index("table inet firstlight {")
    assert "flush ruleset" not in text
    assert "ip saddr ct count over 1024" in text
    engine = 'iifname "fl-*" update @asking { iifname counter } counter drop'
    assert text.index(engine) < text.index("tcp dport 443 accept")
    forward = text[text.index("chain forward") :]
    assert forward.index(engine) < forward.index("ct state established")


def test_what_may_be_forwarded() -> None:
    may = {"from": "virbr0", "to": "eth*", "why": "virtual machines"}
    line = 'iifname "virbr0" oifname "eth*" accept comment "allowed: virtual machines"'
    assert line in ruleset(Firewall.model_validate({"forward": [may]}), [])
    forward = ruleset(Firewall(), []).partition("chain forward")[2].partition("chain output")[0]
    assert "oifname" not in forward.replace('oifname "fl-*" counter drop', "")


def test_a_comment_is_as_long_as_nftables_takes() -> None:
    assert shortened("short") == "short"
    assert len(shortened("ü" * 100).encode()) < 128


def test_containers_on_any_bridge_of_docker_are_no_administrators(load: Load) -> None:
    ssh = declared(load, "gpu1", gpu1={})[22,]
    found = list(rules(ssh))
    assert found and all(
        'iifname != "docker0" iifname != "br-*" tcp dport 22' in each for each in found
    )
    # Who names networks may be behind a bridge of the host's own, br-mgmt.
    named = declared(load, "gpu1", gpu1={"firewall": {"admin": ["10.7.0.0/24"]}})[22,]
    assert list(rules(named)) == [
        'ip saddr 10.7.0.0/24 iifname != "docker0" tcp dport 22 accept '
        'comment "ssh: from admin networks"'
    ]


def test_nor_are_they_people_who_look_at_dashboards(load: Load) -> None:
    grafana = {"image": "docker.io/grafana/grafana@sha256:" + "a" * 64}
    shown = declared(load, "gpu1", gpu1={"monitor": {"grafana": grafana}})[3443,]
    found = list(rules(shown))
    assert found and not shown.anywhere
    assert all('iifname != "docker0" iifname != "br-*" tcp dport 3443' in each for each in found)
