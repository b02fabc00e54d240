"""Tokens by what they say: which are taken, under which name, and which are refused when."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from typing import NamedTuple

from tests.identity.issuer import AUDIENCE, ISSUER, Issuer, claims

FIRST, LATER = "first", "later"
"""Who refuses a token: plausible(), before any cryptography, or the check of the signature."""


class Case(NamedTuple):
    what: str
    token: str
    refused: str = ""
    name: str = "jwt:ada"


def right(issuer: Issuer) -> Iterator[Case]:
    now = int(time.time())
    yield Case("RS256", issuer.token())
    yield Case("ES256", issuer.token("ES256"))
    yield Case("no kid, one key fits", issuer.token("ES256", kid=None))
    yield Case("aud is a list", issuer.token(aud=["other", AUDIENCE]))
    yield Case("no nbf, no iat", issuer.token(nbf=None, iat=None))
    yield Case("expired within the leeway", issuer.token(exp=now - 30))
    yield Case("not yet valid, within the leeway", issuer.token(nbf=now + 30, iat=now + 30))
    yield Case("times with a fraction", issuer.token(exp=now + 60.5))
    yield Case(
        "typ at+jwt", issuer.signed({"alg": "RS256", "kid": "r1", "typ": "at+JWT"}, claims())
    )
    yield Case("other members of the header", issuer.signed(
        {"alg": "RS256", "kid": "r1", "jku": "https://evil.test/k", "x5c": ["x"]}, claims()))  # fmt: skip
    yield Case("largest realistic", issuer.token(groups=["g" * 36] * 100))
    yield Case("unicode", issuer.token(given="Zoë \u2028 𝄞"))
    yield Case("subject with a pipe", issuer.token(sub="auth0|ada"),
               name=hashed("auth0_ada", "auth0|ada"))  # fmt: skip
    yield Case("subject with a line break", issuer.token(sub='a\n"}\x00b'),
               name=hashed("a____b", 'a\n"}\x00b'))  # fmt: skip
    yield Case("long subject", issuer.token(sub="u" * 80),
               name=hashed("u" * 51, "u" * 80))  # fmt: skip
    yield Case("subject of 64", issuer.token(sub="u" * 64), name="jwt:" + "u" * 64)
    yield Case("of two subjects the last counts", issuer.signed(
        {"alg": "RS256", "kid": "r1"}, doubled("sub", '"eve"', '"ada"')))  # fmt: skip


def hashed(clean: str, subject: str) -> str:
    """The name of a subject that could not be taken as it is."""
    return f"jwt:{clean}+{hashlib.sha256(subject.encode()).hexdigest()[:12]}"


def doubled(name: str, first: str, last: str) -> str:
    """Claims as JSON that name one claim twice."""
    rest = json.dumps(claims(**{name: None}))[1:]
    return f'{{"{name}": {first}, "{name}": {last}, {rest}'


def wrong_claims(issuer: Issuer) -> Iterator[Case]:
    now = int(time.time())
    changes: dict[str, dict[str, object]] = {
        "expired": {"exp": now - 90},
        "no exp": {"exp": None},
        "exp is a text": {"exp": str(now + 300)},
        "exp is null": {"exp": [now + 300]},
        "exp is true": {"exp": True},
        "exp is negative": {"exp": -1},
        "not yet valid": {"nbf": now + 90},
        "nbf is a text": {"nbf": "0"},
        "issued in the future": {"iat": now + 90},
        "no issuer": {"iss": None},
        "another issuer": {"iss": ISSUER + "/"},
        "issuer in a list": {"iss": [ISSUER]},
        "no audience": {"aud": None},
        "another audience": {"aud": "other"},
        "audience as a part": {"aud": AUDIENCE + "x"},
        "list of other audiences": {"aud": ["other", [AUDIENCE]]},
        "empty list of audiences": {"aud": []},
        "no subject": {"sub": None},
        "empty subject": {"sub": ""},
        "subject is a number": {"sub": 7},
        "endless subject": {"sub": "u" * 2000},
        "bound to a key of its holder": {"cnf": {"jkt": "x"}},
    }
    for what, changed in changes.items():
        header = {"alg": "RS256", "kid": "r1"}
        yield Case(what, issuer.signed(header, claims(**changed)), FIRST)
    last = doubled("exp", str(now + 300), str(now - 300))
    yield Case(
        "of two exp the last counts", issuer.signed({"alg": "RS256", "kid": "r1"}, last), FIRST
    )


def wrong_headers(issuer: Issuer) -> Iterator[Case]:
    for alg in (
        "none",
        "None",
        "HS256",
        "RS512",
        "PS256",
        "ES384",
        "EdDSA",
        "",
        "rs256",
        "toString",
    ):
        header = {"alg": alg, "kid": "r1"}
        yield Case(f"alg {alg}", issuer.signed(header, claims()), FIRST)
    for what, header in {
        "no alg": {"kid": "r1"},
        "alg is a list": {"alg": ["RS256"], "kid": "r1"},
        "crit": {"alg": "RS256", "kid": "r1", "crit": ["exp"], "exp": 1},
        "kid is a number": {"alg": "RS256", "kid": 1},
        "kid is an object": {"alg": "RS256", "kid": {"toString": "r1"}},
        "empty kid": {"alg": "RS256", "kid": ""},
        "logout token": {"alg": "RS256", "kid": "r1", "typ": "logout+jwt"},
        "DPoP proof": {"alg": "RS256", "kid": "r1", "typ": "dpop+jwt"},
    }.items():
        yield Case(what, issuer.signed(header, claims()), FIRST)
    for what, other in {
        "unknown kid": {"alg": "RS256", "kid": "r2"},
        "kid with another letter case": {"alg": "RS256", "kid": "R1"},
        "kid of the EC key with RS256": {"alg": "RS256", "kid": "e1"},
        "kid that leads to a file": {"alg": "RS256", "kid": "../../../../dev/null"},
        "kid of an object's own": {"alg": "RS256", "kid": "__proto__"},
    }.items():
        yield Case(what, issuer.signed(other, claims()), LATER)
    yield Case("kid of the RSA key with ES256", issuer.token("ES256", kid="r1"), LATER)
