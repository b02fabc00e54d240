"""What a host says of itself is read as it is, and judged."""

from __future__ import annotations

from dataclasses import replace

from firstlight.audit import access, listening, upkeep
from firstlight.audit.finding import Finding
from firstlight.audit.inside import Inside, inside, own_addresses
from firstlight.firewall.opening import Opening

ID = "c9b6dfea5da01737a3ec6eaf1c462e813ebf8e67178fdca9da8bfff5a27f9de1"
SAID = f"""@now
1000000
@manager
apt
@login
from 10.0.0.1 5000 10.0.0.5 22
user ops
@addresses
eth0@if3 10.0.0.5/24
docker0 172.17.0.1/16
fl-8000 198.18.0.1/30
eth0 2001:db8::5/64
@tcp
LISTEN 0 511 0.0.0.0:443 0.0.0.0:* users:(("nginx",pid=9,fd=6),("nginx",pid=8,fd=6))
LISTEN 0 511 127.0.0.1:9000 0.0.0.0:* users:(("a",pid=2,fd=6))
LISTEN 0 511 *:111 *:* users:(("systemd",pid=1,fd=6))
LISTEN 0 64 0.0.0.0:2049 0.0.0.0:*
LISTEN 0 4096 0.0.0.0:5555 0.0.0.0:* users:(("docker-proxy",pid=30,fd=4))
LISTEN 0 4096 [::]:7777 [::]:* users:(("inner",pid=31,fd=4))
@udp
UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:* users:(("systemd-resolve",pid=3,fd=1))
UNCONN 0 0 0.0.0.0:161 0.0.0.0:* users:(("snmpd",pid=4,fd=1))
@groups
9 /system.slice/nginx.service
4 /system.slice/snmpd.service
31 /system.slice/docker-{ID}.scope
@sockets
0.0.0.0:111 rpcbind.socket
@containers
{{"id":"{ID}","name":"/naked","ports":{{"80/tcp":[{{"HostIp":"","HostPort":"5555"}}],"81/tcp":[{{"HostIp":"127.0.0.1","HostPort":"5556"}}],"82/tcp":null}},"networks":{{"fl-8000":{{}}}},"host":"x"}}
@environment
firstlight-edge.service API_TOKEN
firstlight-edge.service API_TOKEN_FILE
naked PATH
@table
@secrets
644 root f /etc/firstlight/secrets/a b
640 root f /etc/firstlight/secrets/c
@root
toor
@empty
guest
@sudo
ops ALL=(ALL:ALL) NOPASSWD: ALL
ci  ALL=NOPASSWD: /bin/x
@held
hold nvidia-driver
free nvidia-container-toolkit
@updates
security openssl
security libc6
lists 900000.5
lists 200
upgraded 100
reboot linux-image
@end
""".splitlines()
HOST = inside(SAID)


def controls(found: list[Finding]) -> list[tuple[str, str]]:
    return [(each.control, each.level) for each in found]


def test_only_addresses_that_others_reach_are_the_hosts() -> None:
    assert HOST.addresses == ("10.0.0.5", "2001:db8::5")
    assert (HOST.login, HOST.source, HOST.failed) == ("ops", "10.0.0.1", "")


def test_an_answer_that_was_cut_off_is_no_clean_host() -> None:
    assert inside(SAID[:-1]).failed == "the answer was cut off"
    assert Inside().failed


def test_a_listener_is_named_by_program_unit_and_container() -> None:
    named = {each.port: (each.said, each.stop) for each in HOST.listeners if not each.loopback}
    assert named == {
        443: ("nginx (nginx.service)", "systemctl disable --now nginx.service"),
        111: ("systemd (rpcbind.socket)", "systemctl disable --now rpcbind.socket"),
        2049: ("the kernel", "end what made the kernel listen"),
        5555: ("container naked", "docker rm -f naked"),
        7777: ("container naked", "docker rm -f naked"),
        161: ("snmpd (snmpd.service)", "systemctl disable --now snmpd.service"),
    }


def test_undeclared_tcp_is_a_warning_and_udp_a_note() -> None:
    found = list(listening.listening("gpu1", HOST, [Opening("edge", (80, 443))]))
    levels = {each.what.split(" of ")[0].rsplit(" ", 1)[1]: each.level for each in found}
    assert levels == {"111": "warn", "2049": "warn", "5555": "warn", "7777": "warn", "161": "note"}


def test_a_published_port_fails_unless_it_is_loopback_or_declared() -> None:
    (one,) = listening.published("gpu1", HOST, [])
    assert (one.level, "naked publishes TCP 5555" in one.what) == ("fail", True)
    assert list(listening.published("gpu1", HOST, [Opening("allowed", (5555,))])) == []


def rule(interface: str, packets: int) -> dict[str, object]:
    match = {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": interface}}
    expr = [match, {"counter": {"packets": packets, "bytes": 1}}, {"drop": None}]
    return {"rule": {"chain": "forward", "expr": expr}}


def test_an_engine_that_asks_is_named() -> None:
    table = {"nftables": [{"metainfo": {}}, rule("fl-*", 3), rule("fl-*", 0)]}
    (one,) = listening.egress("gpu1", replace(HOST, table=table))
    assert one.level == "warn" and "container naked" in one.what and "3 packets" in one.what
    elements = [{"elem": {"val": "fl-8000", "counter": {"packets": 7}}}]
    table["nftables"].append({"set": {"name": "asking", "elem": elements}})
    (one,) = listening.egress("gpu1", replace(HOST, table=table))
    assert "container naked" in one.what and "7 packets" in one.what
    assert list(listening.egress("gpu1", HOST)) == []


def test_accounts() -> None:
    assert controls(list(access.accounts("gpu1", HOST))) == [
        ("user-root", "fail"), ("user-empty-password", "fail"), ("user-sudo", "warn"),
    ]  # fmt: skip


def test_ssh_lets_in_by_keys_only() -> None:
    good = {
        "passwordauthentication": "no",
        "kbdinteractiveauthentication": "no",
        "permitrootlogin": "no",
    }
    assert list(access.ssh("gpu1", {"ops": good, "root": good})) == []
    word = {**good, "kbdinteractiveauthentication": "yes"}
    assert controls(list(access.ssh("gpu1", {"ops": word, "root": word}))) == [
        ("user-password-login", "fail")
    ]
    root = {**good, "passwordauthentication": "yes", "permitrootlogin": "yes"}
    assert controls(list(access.ssh("gpu1", {"ops": good, "root": root}))) == [
        ("user-password-login", "fail"), ("user-root-login", "fail"),
    ]  # fmt: skip


def test_secrets_that_others_read() -> None:
    assert controls(list(access.secrets("gpu1", HOST))) == [
        ("secret-modes", "fail"), ("secret-modes", "warn"), ("secret-environment", "fail"),
    ]  # fmt: skip


def test_what_waits_too_long_fails() -> None:
    assert controls(list(upkeep.updates("gpu1", HOST))) == [
        ("update-lists", "warn"), ("update-security", "fail"),
    ]  # fmt: skip
    fresh = replace(HOST, lists=HOST.now - 60, upgraded=HOST.now - 60)
    assert controls(list(upkeep.updates("gpu1", fresh))) == [("update-security", "warn")]
    assert list(upkeep.updates("gpu1", replace(fresh, security=()))) == []
    old = replace(fresh, security=(), lists=HOST.now - 8 * upkeep.DAY)
    assert controls(list(upkeep.updates("gpu1", old))) == [("update-lists", "fail")]
    assert controls(list(upkeep.reboot("gpu1", HOST))) == [("update-reboot", "warn")]


def test_a_package_of_the_driver_that_may_move_fails() -> None:
    (one,) = upkeep.holds("gpu1", HOST)
    assert one.level == "fail" and "nvidia-container-toolkit" in one.fix
    assert list(upkeep.holds("gpu1", replace(HOST, held={"nvidia-driver": True}))) == []


def test_bridges_of_a_rack_are_ways_to_the_host_and_dockers_are_not() -> None:
    names = ("lo", "docker0", "br-0123456789ab", "br-mgmt", "br-0123456789abc", "veth1@if3")
    lines = [f"{name} 10.0.{number}.1/24" for number, name in enumerate(names)]
    assert own_addresses(lines) == ("10.0.3.1", "10.0.4.1")
