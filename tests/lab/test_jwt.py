"""nginx's side of tokens, with real njs: every kind of token, asked of jwt.conf and jwt.js alone."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from firstlight.edge.jwks import usable_keys
from tests.identity import nginx
from tests.identity.forged import cases
from tests.identity.issuer import Issuer, ec_key, jwk, rsa_key
from tests.lab.let_in import let_in
from tests.lab.rack import TestRack

ISSUER = Issuer()
BOTH = ["RS256", "ES256"]
START = """
set -eu; mkdir -p {folder}; cd {folder}
echo {tar} | base64 -d | tar -xzf -; chmod -R a+rX .
[ ! -e pid ] || nginx -q -c {folder}/nginx.conf -s quit
for _ in $(seq 100); do [ -e pid ] || break; sleep 0.1; done
nginx -q -c {folder}/nginx.conf
"""


class Edge:
    """An nginx of its own on lab1, and what it says to a token."""

    FOLDER = "/run/firstlight-test-jwt"

    def __init__(self, rack: TestRack) -> None:
        self.rack, self.address = rack, rack.address("lab1")

    def start(self, **settings: Any) -> None:
        texts = nginx.texts(self.FOLDER, nginx.script_settings(**settings))
        packed = base64.b64encode(nginx.packed(texts)).decode()
        self.rack.sh("lab1", START.format(folder=self.FOLDER, tar=packed))

    def ask(self, token: str, key: str = "") -> tuple[int, str]:
        """Status and body: NAME|MODELS of who got in, else who refused."""
        connection = http.client.HTTPConnection(self.address, nginx.PORT, timeout=10)
        try:
            given = {"Authorization": f"Bearer {token}"} if token else {}
            connection.request("GET", "/", headers={**given, **({"X-Key": key} if key else {})})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def log(self) -> str:
        return self.rack.sh("lab1", f"cat {self.FOLDER}/*.log").out


@pytest.fixture(scope="module")
def edge(deployed: TestRack) -> Iterator[Edge]:
    found = Edge(deployed)
    with let_in(deployed, "lab1", nginx.PORT):
        yield found
    deployed.sh("lab1", f"nginx -q -c {found.FOLDER}/nginx.conf -s stop; rm -rf {found.FOLDER}")


def keys(*jwks: dict[str, Any]) -> list[dict[str, str]]:
    return usable_keys(json.dumps({"keys": jwks or ISSUER.jwks()["keys"]}), BOTH)


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits")  # that is what is refused
def test_each_kind_of_token(edge: Edge) -> None:
    edge.start(keys=keys())
    listed = cases(ISSUER)
    assert len(listed) > 100
    wanted = {c.what: (401, c.refused) if c.refused else (200, f"{c.name}|*") for c in listed}
    assert {case.what: edge.ask(case.token) for case in listed} == wanted


def test_a_key_needs_no_token(edge: Edge) -> None:
    edge.start(keys=keys())
    assert edge.ask("", key="right") == (200, "|")
    # Who has a key is who the key says, whatever stands beside it.
    assert edge.ask(ISSUER.token(), key="right") == (200, "|")
    assert edge.ask("") == edge.ask("", key="wrong") == (401, "first")


def test_what_is_too_large_ends_at_nginx(edge: Edge) -> None:
    edge.start(keys=keys())
    assert edge.ask(ISSUER.token(pad="x" * 20_000))[0] == 400


def test_an_algorithm_that_is_not_accepted(edge: Edge) -> None:
    edge.start(keys=usable_keys(json.dumps(ISSUER.jwks()), ["ES256"]), algorithms=["ES256"])
    assert edge.ask(ISSUER.token("ES256"))[0] == 200
    assert edge.ask(ISSUER.token("RS256")) == (401, "first")


def test_a_token_without_kid_needs_a_key_that_is_alone(edge: Edge) -> None:
    twin = Issuer(rsa=rsa_key(), ec=ISSUER.ec)
    edge.start(keys=keys(jwk(ISSUER.rsa, "r1"), jwk(twin.rsa, "r2"), jwk(ISSUER.ec, None)))
    assert edge.ask(ISSUER.token(kid=None)) == edge.ask(twin.token(kid=None)) == (401, "later")
    assert edge.ask(ISSUER.token("ES256", kid=None))[0] == 200
    assert edge.ask(ISSUER.token(kid="r1"))[0] == edge.ask(twin.token(kid="r2"))[0] == 200
    assert edge.ask(twin.token(kid="r1")) == (401, "later")


def test_two_keys_of_one_kid_are_both_tried(edge: Edge) -> None:
    twin = Issuer(ec=ec_key())
    edge.start(keys=keys(jwk(ISSUER.ec, "same"), jwk(twin.ec, "same")))
    for issuer in (ISSUER, twin):
        assert edge.ask(issuer.token("ES256", kid="same"))[0] == 200


@pytest.mark.parametrize(
    ("claim", "allowed"),
    [
        (["tiny", "large"], ",tiny,large,"),
        ("tiny large", ",tiny,large,"),
        ("*", "*"),
        (["tiny", "*"], "*"),
        ([], ",,"),
        ("", ",,"),
        (None, ",,"),
        (True, ",,"),
        ({"tiny": 1}, ",,"),
        (["a,*,b", "x y", 7, ["tiny"], "tiny"], ",tiny,"),
    ],
)
def test_the_models_of_a_token(edge: Edge, claim: object, allowed: str) -> None:
    edge.start(keys=keys(), models="llm", name="user")
    assert edge.ask(ISSUER.token(llm=claim, user="grace", sub=None)) == (
        200,
        f"jwt:grace|{allowed}",
    )


def test_keys_that_cannot_be_read_let_nobody_in(edge: Edge) -> None:
    edge.start(file="/nonexistent/jwks.json")
    token = ISSUER.token()
    assert edge.ask(token) == (401, "later") and edge.ask("", key="right")[0] == 200
    assert "jwt:" in edge.log() and not any(part in edge.log() for part in token.split("."))
