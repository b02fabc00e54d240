"""Tokens that were forged, spoilt or are none at all."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import jwt

from tests.identity.case import FIRST, LATER, Case, right, wrong_claims, wrong_headers
from tests.identity.issuer import Issuer, claims, ec_key, part, rsa_key, tampered


def wrong_forms(issuer: Issuer) -> Iterator[Case]:
    token = issuer.token()
    head, body, signature = token.split(".")
    none = part({"alg": "none", "typ": "JWT"})
    rs = {"alg": "RS256", "kid": "r1"}
    for what, text in {
        "alg none without a signature": f"{none}.{body}.",
        "alg none with a signature": f"{none}.{body}.{signature}",
        "HS256 with the public key": issuer.by_public_key(),
        "no signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "four parts": f"{token}.{signature}",
        "five parts": ".".join([head, "", body, signature, signature]),
        "dots": "..", "one dot": ".", "many dots": "." * 3000,
        "padding": f"{head}=.{body}.{signature}",
        "letters of plain base64": f"{head}.{body}.{signature[:-4]}+/+/",
        "spare bits in the signature": token[:-1] + chr(ord(token[-1]) + 1),
        "a letter too many": f"{head}.{body}A.{signature}",
        "header is no JSON": f"{part('{')}.{body}.{signature}",
        "header is a list": f"{part([rs])}.{body}.{signature}",
        "header is null": f"{part('null')}.{body}.{signature}",
        "payload is a text": issuer.signed(rs, '"x"'),
        "payload is a list": issuer.signed(rs, "[]"),
        "payload is no UTF-8": issuer.signed(rs, b'{"sub":"\xff"}'),
        "payload in depth": issuer.signed(rs, "[" * 3000),
        "large and of another": issuer.signed(rs, {**claims(aud="x"), "pad": "x" * 5000}),
    }.items():  # fmt: skip
        yield Case(what, text, FIRST)


def wrong_signatures(issuer: Issuer) -> Iterator[Case]:
    token, other = issuer.token(), Issuer()
    ecdsa = issuer.token("ES256")
    head, body, signature = token.split(".")
    for what, text in {
        "tampered payload": tampered(token, 1, b'"ada"', b'"eve"'),
        "tampered payload of ES256": tampered(ecdsa, 1, b'"ada"', b'"eve"'),
        "tampered signature": tampered(
            token, 2, base_byte(token), bytes([base_byte(token)[0] ^ 1])
        ),
        "signature of another token": ".".join(
            [*token.split(".")[:2], issuer.token(a=1).split(".")[2]]
        ),
        "signed by another RSA key": other.token(),
        "signed by another EC key": other.token("ES256"),
        "signed by a short RSA key": Issuer(rsa=rsa_key(1024)).token(),
        "signed for RS256 by RS512": ".".join([head, body, sign(issuer, head, body, "RS512")]),
        "signed for RS256 by PS256": ".".join([head, body, sign(issuer, head, body, "PS256")]),
        "ES256 with a signature as DER": issuer.der_signature(),
        "ES256 with a signature of zeros": ".".join([*ecdsa.split(".")[:2], part(bytes(64))]),
        "RS256 with a signature of zeros": f"{head}.{body}.{part(bytes(256))}",
        "RS256 with a long signature": f"{head}.{body}.{part(b'x' * 1024)}",
        "short signature": f"{head}.{body}.{signature[:4]}",
        "an RSA signature under ES256": issuer.signed({"alg": "ES256", "kid": "e1"}, claims()),
        "an EC signature under RS256": issuer.signed(
            {"alg": "RS256", "kid": "r1"}, claims(), "ES256"
        ),
        "another curve": Issuer(ec=ec_key()).token("ES256"),
    }.items():
        yield Case(what, text, LATER)


def base_byte(token: str) -> bytes:
    return base64.urlsafe_b64decode(token.split(".")[2] + "==")[100:101]


def sign(issuer: Issuer, head: str, body: str, alg: str) -> str:
    return part(jwt.get_algorithm_by_name(alg).sign(f"{head}.{body}".encode(), issuer.key(alg)))


def cases(issuer: Issuer) -> list[Case]:
    """All of them, right and wrong."""
    parts = (right, wrong_claims, wrong_headers, wrong_forms, wrong_signatures)
    return [case for each in parts for case in each(issuer)]
