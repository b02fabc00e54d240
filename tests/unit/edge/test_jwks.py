"""Which public keys of an issuer are used, and what stays when they cannot be fetched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from firstlight.edge import jwks
from firstlight.edge.jwks import UnusableError, usable, usable_keys
from tests.identity.issuer import Issuer, ec_key, jwk, rsa_key

ISSUER = Issuer()
RSA, EC = ISSUER.jwks()["keys"]
BOTH = ["RS256", "ES256"]
SPEC = {"url": "https://issuer.test/jwks", "ca": "", "algorithms": BOTH, "mark": "m1"}


def test_what_a_key_keeps() -> None:
    more = {"x5c": ["MII"], "x5t": "t", "key_ops": ["verify", "encrypt"], "extra": {"a": 1}}
    rsa = {"kid": "r1", "kty": "RSA", "alg": "RS256", "n": RSA["n"], "e": "AQAB"}
    assert usable({**RSA, **more}) == rsa
    curve = {"kty": "EC", "alg": "ES256", "crv": "P-256", "x": EC["x"], "y": EC["y"]}
    assert usable({**EC, **more, "kid": None}) == curve


def test_numbers_are_written_one_way() -> None:
    # Java's BigInteger puts a zero in front of a modulus; a short coordinate loses its own.
    padded = jwks.written(b"\0" + (jwks.number(RSA["n"]) or b""))
    assert padded != RSA["n"] and usable({**RSA, "n": padded}) == usable(RSA)
    short = usable({**EC, "x": jwks.written(b"\1" * 31)})
    assert isinstance(short, dict) and len(short["x"]) == 43


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("x", "no JWK"),
        ({}, "neither RSA nor EC"),
        ({**RSA, "kty": "oct"}, "neither RSA nor EC"),
        ({**RSA, "kty": ["RSA"]}, "neither RSA nor EC"),
        ({"kty": "oct", "k": "c2VjcmV0"}, "private half"),
        ({**RSA, "d": "AQAB"}, "private half"),
        ({**RSA, "use": "enc"}, "not for verifying"),
        ({**RSA, "key_ops": ["encrypt"]}, "not for verifying"),
        ({**RSA, "key_ops": "verify"}, "not for verifying"),
        ({**RSA, "alg": "RS512"}, "its alg is not RS256"),
        ({**RSA, "alg": "ES256"}, "its alg is not RS256"),
        ({**EC, "alg": "HS256"}, "its alg is not ES256"),
        ({**RSA, "kid": 7}, "kid"),
        ({**RSA, "kid": "a\nb"}, "kid"),
        ({**RSA, "kid": ""}, "kid"),
        ({**RSA, "n": "+/=="}, "no number"),
        ({**RSA, "n": None}, "no number"),
        ({**RSA, "e": "AQ"}, "no RSA key"),
        ({**RSA, "e": "BA"}, "no RSA key"),
        ({**RSA, "e": "A" * 2000}, "no RSA key"),
        (jwk(rsa_key(1024), "r"), "1024 bits"),
        ({**RSA, "n": jwks.written(b"\1" * 2000)}, "bits"),
        (jwk(ec_key(ec.SECP384R1()), "e"), "not P-256"),
        ({**EC, "x": "A" * 60 + "AQ"}, None),
        ({**EC, "y": jwks.written(b"\1" * 33)}, "coordinates"),
    ],
)
def test_what_is_not_used(key: Any, why: str | None) -> None:
    found = usable(key)
    assert isinstance(found, dict) if why is None else (isinstance(found, str) and why in found)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<html>", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "no JWKS"),
        ('{"keys": {}}', "no JWKS"),
        ('{"keys": []}', "it is empty"),
        (json.dumps({"keys": [RSA] * 65}), "more than 64"),
        (json.dumps({"keys": [{**RSA, "use": "enc"}, 1]}), "key 1: .*verifying.*; key 2"),
    ],
)
def test_what_is_no_jwks(text: str, why: str) -> None:
    with pytest.raises(UnusableError, match=why):
        usable_keys(text, BOTH)


def test_keys_of_algorithms_that_are_not_accepted_are_left_out() -> None:
    text = json.dumps(ISSUER.jwks())
    assert [key["alg"] for key in usable_keys(text, BOTH)] == BOTH
    assert [key["alg"] for key in usable_keys(text, ["ES256"])] == ["ES256"]
    with pytest.raises(UnusableError, match="RS256 is not accepted"):
        usable_keys(json.dumps({"keys": [RSA]}), ["ES256"])


def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception) -> int:
    def fetched(spec: dict[str, Any]) -> bytes:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(jwks, "fetched", fetched)
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({**SPEC, "folder": str(tmp_path)}))
    return jwks.main(str(spec))


def test_keys_stay_when_they_cannot_be_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, metrics = tmp_path / "jwks.json", tmp_path / "jwks.prom"
    assert run(tmp_path, monkeypatch, UnusableError("no route")) == 1
    assert not file.exists() and "jwks_keys 0\n" in metrics.read_text()
    assert run(tmp_path, monkeypatch, json.dumps(ISSUER.jwks()).encode()) == 0
    before = file.read_text()
    found = json.loads(before)
    assert found["mark"] == "m1" and [key["kid"] for key in found["keys"]] == ["r1", "e1"]
    assert '\n "mark": "m1",\n' in before  # the host looks for this line
    for answer in (UnusableError("no route"), b"<html>", b'{"keys": []}'):
        assert run(tmp_path, monkeypatch, answer) == 1
    assert file.read_text() == before and file.stat().st_mode & 0o777 == 0o644
    text = metrics.read_text()
    assert "jwks_failures_total 4\n" in text and "jwks_keys 2\n" in text
    assert "cannot be used: no route" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir() if "new" in path.name] == []


def test_curl_is_kept_in_bounds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "curl"
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    words = jwks.fetched({**SPEC, "ca": "/etc/ca.crt"}).decode().split("\n")
    for name, value in {
        "--proto": "=https", "--max-time": "20", "--max-filesize": "262144",
        "--cacert": "/etc/ca.crt", "--url": SPEC["url"],
    }.items():  # fmt: skip
        assert words[words.index(name) + 1] == value
    assert "--fail" in words and "--location" not in words and "-L" not in words
    fake.write_text("#!/bin/sh\nhead -c 300000 /dev/zero\n")
    with pytest.raises(UnusableError, match="larger than 256 KiB"):
        jwks.fetched(SPEC)
