"""Tokens of an issuer, right and wrong, for the tests: signed by PyJWT, spoilt by hand."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ISSUER = "https://login.example.test/realms/lab"
AUDIENCE = "llm"
Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def part(value: object) -> str:
    """A part of a token: base64url without padding, of bytes, a text or anything as JSON."""
    if not isinstance(value, bytes):
        value = (value if isinstance(value, str) else json.dumps(value)).encode()
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def ec_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve or ec.SECP256R1())


def jwk(private: Private, kid: str | None, **more: object) -> dict[str, Any]:
    """The public half as a JWK."""
    algorithm: Any = (
        jwt.algorithms.RSAAlgorithm
        if isinstance(private, rsa.RSAPrivateKey)
        else jwt.algorithms.ECAlgorithm
    )
    found: dict[str, Any] = algorithm.to_jwk(private.public_key(), as_dict=True)
    found.pop("key_ops", None)
    return {**found, **({"kid": kid} if kid is not None else {}), **more}


def claims(**changes: object) -> dict[str, Any]:
    """Claims of a right token, with ``changes``; None takes one away."""
    now = int(time.time())
    right = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": now, "nbf": now, "exp": now + 300}
    return {name: value for name, value in {**right, **changes}.items() if value is not None}


@dataclass(frozen=True)
class Issuer:
    """One issuer with an RSA and an EC key."""

    rsa: rsa.RSAPrivateKey = field(default_factory=rsa_key)
    ec: ec.EllipticCurvePrivateKey = field(default_factory=ec_key)

    def jwks(self) -> dict[str, Any]:
        return {"keys": [jwk(self.rsa, "r1", use="sig"), jwk(self.ec, "e1", alg="ES256")]}

    def key(self, alg: str) -> Private:
        return self.rsa if alg.startswith(("RS", "PS")) else self.ec

    def token(self, alg: str = "RS256", kid: str | None = "", **changes: object) -> str:
        """A token signed by PyJWT. ``kid`` None: without one."""
        name = {"RS256": "r1", "ES256": "e1"}.get(alg, "r1") if kid == "" else kid
        headers = {} if name is None else {"kid": name}
        return jwt.encode(claims(**changes), self.key(alg), algorithm=alg, headers=headers)

    def signed(self, header: object, payload: object, alg: str = "RS256") -> str:
        """A token of any header and payload (bytes and texts as they are), with a right signature."""
        text = f"{part(header)}.{part(payload)}"
        signature = jwt.get_algorithm_by_name(alg).sign(text.encode(), self.key(alg))
        return f"{text}.{part(signature)}"

    def by_public_key(self) -> str:
        """HS256 with the public key's PEM as the secret: the oldest confusion of all."""
        public = self.rsa.public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        text = f"{part({'alg': 'HS256', 'kid': 'r1', 'typ': 'JWT'})}.{part(claims())}"
        mac = hmac.HMAC(pem, hashes.SHA256())
        mac.update(text.encode())
        return f"{text}.{part(mac.finalize())}"

    def der_signature(self) -> str:
        """An ES256 signature as OpenSSL writes it, not as JWS does."""
        text = f"{part({'alg': 'ES256', 'kid': 'e1'})}.{part(claims())}"
        der = self.ec.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
        assert decode_dss_signature(der)
        return f"{text}.{part(der)}"


def tampered(token: str, position: int, old: bytes, new: bytes) -> str:
    """``token`` with one part changed and the signature left as it is."""
    parts = token.split(".")
    raw = base64.urlsafe_b64decode(parts[position] + "==")
    assert old in raw
    parts[position] = part(raw.replace(old, new))
    return ".".join(parts)
