"""What is wrong with a source is said of every host, without asking anybody for the secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from firstlight.errors import FirstlightError
from firstlight.secrets.looked import looked_at
from firstlight.settings import SettingsError
from tests.site import Load, load
from tests.unit.secrets.sources import ENCRYPTED, TOKEN, WHAT, private, program, source

__all__ = ["load"]
PEOPLE: dict[str, Any] = {
    "issuer": "https://login.example.test",
    "client_id": "firstlight",
    "email_domains": ["example.net"],
    "image": "quay.io/oauth2-proxy/oauth2-proxy@sha256:" + "a" * 64,
    "sites": [{"path": "/grafana/", "upstream": "http://127.0.0.1:3000"}],
}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (5, "found 5, expected the path of a private file, or a table"),
        ("", "expected the path of a file"),
        ({}, "found a mapping, expected the path of a private file, or a table with one of age"),
        ({"age": "a", "env": "B"}, "a table with one of age"),
        ({"ag": "x"}, '.ag: unknown key; did you mean "age"?'),
        ({"sops": "x"}, "key beside sops"),
        ({"sops": "x", "key": "a..b"}, "keys with dots between"),
        ({"sops": "x", "key": 'a"]["b'}, "keys with dots between"),
        ({"env": "A", "key": "x"}, "key beside sops, and only there"),
        ({"env": "A", "identity": "x"}, "identity beside age or sops only"),
        ({"env": "A-B"}, "the name of a variable"),
        ({"command": "pass show hf"}, '.command: found "pass show hf", expected a list'),
        ({"command": []}, ".command"),
        ({"command": ["echo", TOKEN]}, "not the secret itself"),
        ({"command": ["a", 5]}, ".command[1]: found 5, expected a text"),
        ({"credential": "../x"}, "the name of a systemd credential"),
        ({"age": 5}, "the path of a file"),
    ],
)
def test_no_source(load: Load, value: object, said: str) -> None:
    with pytest.raises(SettingsError) as error:
        load({"hub_token": value})
    assert "models[0].hub_token" in str(error.value) and said in str(error.value)
    assert TOKEN not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        "sk-proj-abcdefgh12345",
        "ghp_abcdefghijkl",
        "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "minio:minio-password",
        "9f86d081884c7d659a2feaa0c55ad015",
        "q8Zt2Lw0pXv7Rk1m",
        "Passw0rd",
        "corr3ct!horse.battery",
        "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----",
        "https://user:pass@hub.example.net",
    ],
)
def test_a_secret_in_the_inventory_is_refused_and_not_shown(load: Load, text: str) -> None:
    for key, data in (
        ("models[0].hub_token", {"models": {"hub_token": text}}),
        ("edge.people.client_secret", {"edge": {"people": {**PEOPLE, "client_secret": text}}}),
    ):
        with pytest.raises(SettingsError) as error:
            load(data.pop("models", {}), **data)
        assert f"{key}: found" in str(error.value) and "not the secret itself" in str(error.value)
        assert text not in str(error.value) and text[:12] not in str(error.value)


def test_a_file_that_is_called_like_a_token_is_one(tmp_path: Path) -> None:
    file = private(tmp_path / ("hf_" + "a" * 40), TOKEN)
    assert source(file.name, tmp_path).file == file
    for name in ("secrets/hub", "hub.token", "~/hub", "hub-token", "./" + "a1" * 20):
        assert source(name, tmp_path).file is not None
    with pytest.raises(ValidationError):
        source("a1" * 20, tmp_path)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("hub.tokn", 'no key tokn below hub.*did you mean "token"'),
        ("nub.token", 'no key nub.*did you mean "hub"'),
        ("hub.token.deep", "no key deep below hub.token"),
        ("list.7", "no key 7 below list"),
        ("list.first", "no key first below list"),
        ("hub", "is not encrypted in its file"),
        ("hub.open_unencrypted", "is not encrypted in its file"),
        ("sops.version", "is not encrypted in its file"),
    ],
)
def test_a_key_that_the_sops_file_lacks(tmp_path: Path, key: str, said: str) -> None:
    file = private(tmp_path / "x.sops.yaml", ENCRYPTED)
    looked_at(source({"sops": str(file), "key": "hub.token"}), WHAT)
    looked_at(source({"sops": str(file), "key": "list.0"}), WHAT)
    with pytest.raises(FirstlightError, match=f"(?s){said}") as error:
        looked_at(source({"sops": str(file), "key": key}), WHAT)
    assert error.value.where and error.value.fix and "plain" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.yaml", "hub: {token: plain-canary}", "is not encrypted with sops"),
        ("x.json", "[]", "is not encrypted with sops"),
        ("x.json", "{", "it is not json"),
        ("x.yaml", "a: [", "it is not yaml"),
        ("x.yaml", "", "is not encrypted with sops"),
        ("x.age", "plain-canary", "is not encrypted with age"),
    ],
)
def test_files_that_are_not_encrypted(tmp_path: Path, name: str, content: str, said: str) -> None:
    file = str(private(tmp_path / name, content))
    value = {"age": file} if name.endswith("age") else {"sops": file, "key": "hub.token"}
    with pytest.raises(FirstlightError, match=said) as error:
        looked_at(source(value), WHAT)
    assert "canary" not in str(error.value) and error.value.fix
    with pytest.raises(FirstlightError, match="is missing"):
        looked_at(source({**value, next(iter(value)): file + ".none"}), WHAT)


def test_an_inventory_is_checked_without_asking(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    for name in ("age", "sops", "pass"):
        program(tmp_path / "bin", name, f"#!/bin/sh\ntouch '{ran}'\n")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    private(tmp_path / "hub.age", "age-encryption.org/v1\n-> X25519 x\n")
    private(tmp_path / "x.sops.yaml", ENCRYPTED)
    for value in (
        {"age": "hub.age"},
        {"sops": "x.sops.yaml", "key": "hub.token"},
        {"env": "NOT_SET_ANYWHERE"},
        {"command": ["pass", "show", "hf"]},
        {"credential": "hub-token"},
    ):
        assert load({"hub_token": value}).models[0].hub_token is not None
    assert not ran.exists()


def test_a_credential_is_for_what_a_unit_reads(load: Load) -> None:
    people = {**PEOPLE, "client_secret": {"credential": "oidc"}}
    with pytest.raises(SettingsError, match="no unit of systemd reads the client's secret"):
        load(edge={"people": people})
