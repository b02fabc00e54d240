"""Nothing leaves an engine's container, whoever is in it; and it serves all the same.

Every trick leads out from the host itself, where nothing holds it back: one that could not succeed
proves nothing. What gets out is seen by witnesses on the host, on another one, and in the place of
another engine.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from firstlight.engines.network import EngineNetwork
from roles.engine import BRIDGE
from roles.models import ACCOUNT, FENCE
from tests.lab.rack import LAB, TestRack, firstlight
from tests.lab.standing import NETWORK
from tests.lab.tricks import every
from tests.lab.tricks.every import Place, Trick
from tests.lab.tricks.watch import watch

FOLDER = Path(every.__file__).parent
OTHER = EngineNetwork(9000)
PID = "$(docker inspect -f '{{.State.Pid}}' firstlight-tiny)"
# The other engine: what would stand in its container stands at its end of the bridge.
ANOTHER = f"""
python3 -I {BRIDGE} {" ".join(OTHER.made_by())}
ip netns add another; ip link add fl-test type veth peer name eth0 netns another
ip link set fl-test master {OTHER.name} up
ip -n another address add {OTHER.container}/30 dev eth0; ip -n another link set eth0 up
ip -n another link set lo up
"""
# Where nobody is left in it, the network goes at once.
GONE = f"""
systemctl stop witness witness-another; ip netns delete another; docker network rm {OTHER.name}
rm -f /run/tricks.py /run/witness.py
"""
# The second host stands for all that is outside, the machine's own name server too.
FAR = f"""
resolver=$(awk '/^nameserver/ {{print $2; exit}}' /etc/resolv.conf)
for far in {every.INTERNET} {every.METADATA} $resolver; do CHANGE; done
"""
THERE = FAR.replace("CHANGE", "ip address replace $far/32 dev lo")
AWAY = "systemctl stop witness; rm -f /run/witness.py" + FAR.replace(
    "CHANGE", "ip address delete $far/32 dev lo"
)
LED = FAR.replace("CHANGE", "ip route replace $far via VIA")
FREED = GONE + FAR.replace("CHANGE", "ip route delete $far")
# As whoever the container runs as, with no more rights.
USER = "setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs"
ROUTED = f"""
nsenter -t {PID} -n sh -c 'ip route add default via {NETWORK.host}
  echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad; echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6
  ip -6 route add default via {{neighbour}} dev eth0'
"""
UNROUTED = f"""
nsenter -t {PID} -n sh -c 'ip route delete default; echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6'
"""


@dataclass(frozen=True)
class Stage:
    """A host with an engine and a second host, witnesses on both."""

    rack: TestRack
    nonce: str
    control: Place
    engine: Place

    def tries(self, name: str, tricks: dict[str, Trick], inside: str = "") -> dict[str, str]:
        """Try ``tricks`` on the host, or ``inside`` of something; what became of each."""
        named = {f"{name}-{key}": trick for key, trick in tricks.items()}
        given = json.dumps({"nonce": self.nonce, "tricks": named})
        run = f"{inside} python3 -I /run/tricks.py '{given}'"
        return dict(json.loads(self.rack.sh("lab1", run).out))

    def seen(self) -> set[str]:
        """Every mark that came out somewhere."""
        time.sleep(0.3)
        said = "journalctl -q -o cat -u witness -u witness-another"
        words = [word for host in ("lab1", "lab2") for word in self.rack.sh(host, said).out.split()]
        return {
            name for word in words for run, _, name in [word.partition("/")] if run == self.nonce
        }


def places(rack: TestRack) -> tuple[Place, Place]:
    """Return where it leads out, and the engine."""
    found = rack.sh(
        "lab1",
        'ip -4 -o address show docker0 | awk \'{sub("/.*", "", $4); print $4}\'; '
        "awk '/^nameserver/ {print $2; exit}' /etc/resolv.conf; ip -4 route show default | "
        f"cut -d' ' -f3; cat /sys/class/net/{NETWORK.name}/address",
    ).out.split()
    docker, resolver, lan, mac = found
    far = rack.sh("lab2", "ip -6 -o address show host0 scope link | awk '{print $4}'").out
    host, other = rack.address("lab1"), rack.address("lab2")
    control = Place(
        "host0", host, other, far.partition("/")[0], resolver, host, docker, OTHER.host,
        OTHER.container, lan, other,
    )  # fmt: skip
    first, *rest = (int(part, 16) for part in mac.split(":"))
    a, b, c, d, e, f = (first ^ 2, *rest)
    link = f"fe80::{a:02x}{b:02x}:{c:02x}ff:fe{d:02x}:{e:02x}{f:02x}"
    return control, replace(
        control, interface="eth0", own=NETWORK.container, gateway=NETWORK.host, neighbour=link,
        resolver="127.0.0.11",
    )  # fmt: skip


@pytest.fixture(scope="module")
def stage(deployed: TestRack) -> Iterator[Stage]:
    """The lab with its witnesses; without them afterwards."""
    nonce = secrets.token_hex(6)
    # Whatever ran before: a firewall on it would keep TCP from the one that is to hear it.
    firstlight("lab", "reset", "lab2", "--name", LAB)
    parts = [(FOLDER / f"{name}.py").read_text() for name in ("plain", "crafted")]
    program = "\n".join(parts).replace("from tests.lab.tricks.plain import", "# of above:")
    routes = LED.replace("VIA", deployed.address("lab2"))
    try:
        deployed.sh("lab2", THERE)
        deployed.sh("lab1", f"cat >/run/tricks.py <<'END'\n{program}\nEND\n{routes}\n{ANOTHER}")
        watch(deployed, "lab2", nonce)
        watch(deployed, "lab1", nonce)
        watch(deployed, "lab1", nonce, "witness-another", "ip netns exec another")
        yield Stage(deployed, nonce, *places(deployed))
    finally:
        deployed.sh("lab1", FREED, check=False)
        deployed.sh("lab2", AWAY, check=False)


def test_every_trick_leads_out_where_nothing_holds_it(stage: Stage) -> None:
    left = every.plain(stage.control) | every.crafted(stage.control)
    assert len(left) >= 30
    for _ in range(5):  # a busy machine answers some of them too late
        found, seen = (stage.tries("control", left) if left else {}), stage.seen()
        out = {name for name in left if found[f"control-{name}"] == "out"}
        left = {n: left[n] for n in left if n not in out and f"control-{n}" not in seen}
    assert list(left) == []


def test_nothing_gets_out_of_an_engine(stage: Stage) -> None:
    tricks = every.plain(stage.engine) | every.crafted(stage.engine)
    inside = f"nsenter -t {PID} -n"
    found = stage.tries("user", tricks, f"{inside} {USER}") | stage.tries("root", tricks, inside)
    stage.rack.sh("lab1", ROUTED.format(neighbour=stage.engine.neighbour), check=False)
    try:
        found |= stage.tries("routed", tricks, inside)
    finally:
        stage.rack.sh("lab1", UNROUTED, check=False)
    seen = stage.seen()
    assert len(found) == 3 * len(tricks)
    got_out = [name for name, why in found.items() if why == "out" or name in seen]
    assert not got_out, got_out
    assert not {name for name in seen if name.startswith(("user-", "root-", "routed-"))}


def test_it_serves_all_the_same(stage: Stage) -> None:
    assert stage.rack.client("lab1").answers()
    status = stage.rack.sh("lab1", f"cat /proc/{PID}/status").out
    for line in ("CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
        assert line in status
    restarted = "docker network rm -f fl-8000; systemctl restart firstlight-engine-tiny"
    stage.rack.sh("lab1", f"systemctl stop firstlight-engine-tiny; {restarted}")
    assert stage.rack.client("lab1").answers(30)


def test_the_fetch_reaches_its_hub_and_nothing_else(stage: Stage) -> None:
    job = "/etc/firstlight/weights/tiny.json"
    ((host, port),) = json.loads(stage.rack.sh("lab1", f"cat {job}").out)["reach"]
    tricks = every.plain(stage.control) | {"hub": ("tcp", {"host": host, "port": port})}
    confined = '-p "$(systemctl show -p RestrictAddressFamilies firstlight-weights@tiny)"'
    stage.rack.sh("lab1", f"python3 -I {FENCE} up trial {job} {ACCOUNT}")
    try:
        run = f"systemd-run -q --wait --pipe -p User={ACCOUNT} {confined}"
        found, seen = stage.tries("fetch", tricks, run), stage.seen()
    finally:
        stage.rack.sh("lab1", f"python3 -I {FENCE} down trial")
    got_out = {name for name, why in found.items() if why == "out" or name in seen}
    assert got_out == {"fetch-hub"}, got_out
    assert "firstlight-fetch" not in stage.rack.sh("lab1", "nft list tables").out
