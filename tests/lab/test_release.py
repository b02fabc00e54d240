"""A new configuration of the edge that nginx refuses: the old one serves on, and nothing is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.rack import TestRack

MODULE = "/usr/lib/nginx/modules/ngx_http_js_module.so"
CLOSED = "INPUT -p tcp --dport 8443 -j REJECT --reject-with tcp-reset"
CHANGED = {"edge": {"body_limit": "31m"}}


@contextmanager
def broken_nginx(rack: TestRack) -> Iterator[None]:
    """While this lasts, nginx cannot load a module that each of our configurations names."""
    rack.sh("lab1", f"mv {MODULE} {MODULE}.away")
    try:
        yield
    finally:
        rack.sh("lab1", f"mv {MODULE}.away {MODULE}")


def test_a_refused_release_leaves_the_old_one_serving(deployed: TestRack) -> None:
    client, before = deployed.client("lab1"), deployed.state_of("lab1")
    with broken_nginx(deployed):
        run = deployed.deploy("lab1", data=CHANGED)
    assert run.code != 0
    assert "nginx refuses the new configuration" in run.text
    assert "ngx_http_js_module.so" in run.text and "Traceback" not in run.text
    assert client.answers()
    assert deployed.state_of("lab1") == before

    mended, totals = deployed.changes("lab1", data=CHANGED)
    assert totals["error"] == 0 and totals["success"] == 2, mended.text  # the release, the receipt
    assert client.answers()
    assert deployed.state_of("lab1") != before
    deployed.changes("lab1")


def test_a_release_that_nobody_sees_is_taken_back(deployed: TestRack) -> None:
    client, before = deployed.client("lab1"), deployed.state_of("lab1")
    # nginx serves it well, but nobody comes in at its port.
    deployed.sh("lab1", f"iptables -I {CLOSED}")
    try:
        change = {"edge": {"port": 8443}}
        run = deployed.deploy("lab1", deploy="edge", data=change)
    finally:
        deployed.sh("lab1", f"iptables -D {CLOSED}")
    assert run.code != 0
    assert "does not answer as it should; the one before serves again" in run.text
    assert "https://lab1.firstlight.internal:8443/v1/models" in run.text
    assert "Traceback" not in run.text and client.answers()
    current = "basename $(readlink /etc/nginx/firstlight/current)"
    asked = "curl -s --unix-socket /run/firstlight-edge.sock http://edge/release"
    names = deployed.sh("lab1", f"{current}; {asked}").out.split()
    assert len(set(names)) == 1
    deployed.changes("lab1", deploy="edge")
    after = [line for line in deployed.state_of("lab1") if line not in before]
    # Its workers are others, and so are the certificate's dates; the firewall let its port in and
    # out again, by trials of their own.
    moved = ("/releases/", "/tls/", "/proc/", ".prom", "/firewall/", "trial", "/manifest/")
    assert [line for line in after if not any(part in line for part in moved)] == []
