"""Tokens at the public URL: beside API keys, under limits of their own, with keys by URL."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from firstlight.facts.jwks import READ, JwksState
from firstlight.operations.jwks import SERVICE, TIMER
from tests.identity.issuer import AUDIENCE, ISSUER, Issuer
from tests.lab.client import CHAT, Client, chat
from tests.lab.issuer_host import URL, IssuerHost
from tests.lab.rack import BIN, Run, TestRack, command

# As often as the tests like: systemd counts starts by hand, and failures.
FETCH = "systemctl reset-failed firstlight-jwks.service; systemctl start firstlight-jwks.service"
STATE = "/var/lib/firstlight/edge"


def deploy(edge: dict[str, Any]) -> Run:
    """Deploy lab1's edge alone, with these settings of it."""
    words = [str(BIN / "pyinfra"), "-y", "--limit", "lab1", "--data", f"edge={json.dumps(edge)}"]
    return command(*words, "inventories/lab.py", "deploys/edge.py", ENGINE="llamacpp")


class Site:
    """lab1 with tokens: its issuer, that issuer's server, the settings in force."""

    def __init__(self, rack: TestRack, server: IssuerHost) -> None:
        self.rack, self.server, self.issuer = rack, server, Issuer()
        self.client: Client = rack.client("lab1")
        jwt = {"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": URL, "models": "llm"}
        self.settings = {
            "jwt": {**jwt, "jwks_ca": str(server.ca)},
            "classes": {"standard": {"rps": 1.0, "burst": 9}, "gold": {"rps": 1000.0}},
        }

    def ask(self, token: str, path: str = "/v1/models", body: object = None) -> int:
        return self.client.ask(path, body, authorization=f"Bearer {token}").status

    def token(self, alg: str = "RS256", **changes: object) -> str:
        return self.issuer.token(alg, **{"llm": "*", **changes})

    def fetch(self) -> Run:
        return self.rack.sh("lab1", FETCH, check=False)

    def metric(self, name: str) -> int:
        line = self.rack.sh("lab1", f"grep '^firstlight_edge_jwks_{name} ' {STATE}/jwks.prom").out
        return int(line.split()[1])


@pytest.fixture(scope="module")
def site(deployed: TestRack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    found = Site(deployed, IssuerHost(deployed, tmp_path_factory.mktemp("issuer")))
    found.server.stop()
    before = found.rack.sh("lab1", "readlink /etc/nginx/firstlight/current").out
    run = deploy(found.settings)
    assert run.code != 0 and "public keys of the tokens' issuer cannot be fetched" in run.text
    assert "curl: (7)" in run.text and "jwks_url" in run.text
    assert found.rack.sh("lab1", "readlink /etc/nginx/firstlight/current").out == before
    found.server.publish(found.issuer.jwks())
    found.server.start()
    run = deploy(found.settings)
    assert run.code == 0, run.text
    # From here on the tests say when keys are fetched: `start` waits for a fetch that has begun.
    assert found.rack.sh("lab1", f"systemctl is-active {TIMER}").out == "active\n"
    found.rack.sh("lab1", f"systemctl stop {TIMER}; {FETCH}")
    yield found
    found.server.stop()
    run = deploy({})
    assert run.code == 0, run.text
    assert found.ask(found.token()) == 401
    left = found.rack.sh("lab1", "ls /etc/systemd/system | grep jwks", check=False).out
    assert left == ""


def test_tokens_and_keys_side_by_side(site: Site) -> None:
    for alg in ("RS256", "ES256"):
        assert site.ask(site.token(alg, sub=f"side-{alg}")) == 200
    token = site.token(sub="side")
    answer = site.client.ask(CHAT, chat(2), authorization=f"Bearer {token}")
    assert answer.status == 200 and json.loads(answer.body)["choices"]
    assert site.client.ask(CHAT, chat(2)).status == 200


def test_who_is_refused_and_how(site: Site) -> None:
    stale = "grep -c 'stale global SSL error' /var/log/nginx/error.log"
    before = site.rack.sh("lab1", stale, check=False).out
    forged = Issuer().token(llm="*")
    for token in (forged, site.token(aud="other"), site.issuer.by_public_key(), "x.y.z"):
        answer = site.client.ask(CHAT, chat(2), authorization=f"Bearer {token}")
        assert answer.status == 401 and answer.error["code"] == "invalid_api_key"
    # What OpenSSL has against a signature is no matter of nginx's: it would log an alert each time.
    assert site.rack.sh("lab1", stale, check=False).out == before


def test_the_models_that_a_token_is_for(site: Site) -> None:
    for allowed, listed, status in ((["tiny"], ["tiny"], 200), ("other", [], 404), (None, [], 404)):
        token = site.token(sub="models", llm=allowed)
        answer = site.client.ask("/v1/models", authorization=f"Bearer {token}")
        assert [each["id"] for each in json.loads(answer.body)["data"]] == listed
        assert site.ask(token, CHAT, chat(1)) == status


def test_limits_are_per_subject(site: Site) -> None:
    busy = f"busy-{time.time_ns()}"  # a bucket that nobody has taken from
    statuses = [site.ask(site.token(sub=busy)) for _ in range(40)]
    assert statuses.count(429) >= 2 and statuses.count(200) >= 10
    assert site.ask(site.token(sub="calm")) == 200


def test_keys_are_rotated_without_a_deploy(site: Site) -> None:
    old, site.issuer = site.issuer, Issuer()
    site.server.publish(site.issuer.jwks())
    assert (site.ask(old.token(sub="rotate", llm="*")), site.ask(site.token(sub="rotate"))) == (
        200,
        401,
    )
    assert site.fetch().code == 0
    assert (site.ask(old.token(sub="rotate", llm="*")), site.ask(site.token(sub="rotate"))) == (
        401,
        200,
    )


def test_keys_stay_while_their_server_is_down_or_talks_nonsense(site: Site) -> None:
    failures = site.metric("failures_total")
    site.server.publish("<html>login</html>")
    assert site.fetch().code != 0
    site.server.stop()
    assert site.fetch().code != 0
    assert site.ask(site.token(sub="down")) == 200
    assert site.metric("failures_total") == failures + 2 and site.metric("keys") == 2
    assert site.metric("fetched_timestamp_seconds") > 1_700_000_000
    site.server.publish(site.issuer.jwks())
    site.server.start()


def test_a_second_run_will_find_nothing_to_do_and_the_timer_ticks(site: Site) -> None:
    """What a run asks the host before it decides: tests/operations/test_jwks.py goes on from there."""
    assert site.fetch().code == 0
    site.rack.sh("lab1", f"systemctl start {TIMER}")
    asked = f"set -- {STATE}/jwks.json {SERVICE} {TIMER}\n{READ}"
    found = JwksState().process(site.rack.sh("lab1", asked).out.splitlines())
    assert found.mark and found.units == (SERVICE, TIMER) and found.ticking
    assert site.rack.sh("lab1", f"systemctl is-active {TIMER}").out == "active\n"
    mode = site.rack.sh("lab1", f"stat -c %a:%U {STATE}/jwks.json").out
    assert mode == "644:root\n"


def test_no_token_is_in_any_log(site: Site) -> None:
    token = site.token(sub=f"bearer-{time.time_ns()}")
    wrong = token[:-8] + "AAAAAAAA"
    assert (site.ask(token), site.ask(wrong)) == (200, 401)
    parts = [token.split(".")[1], token.split(".")[2][:40]]
    logs = "cat /var/log/nginx/* /var/log/firstlight-edge/*; journalctl -q --since -5min -o cat"
    for part in parts:
        assert site.rack.sh("lab1", f"({logs}) | grep -c -F -e {part}", check=False).out == "0\n"
    name = jwt.decode(token, options={"verify_signature": False})["sub"]
    named = f"grep -c jwt:{name} /var/log/firstlight-edge/access.log"
    assert site.rack.sh("lab1", named).out == "1\n"
