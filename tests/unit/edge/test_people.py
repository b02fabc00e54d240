"""What oauth2-proxy and nginx go by where people sign in."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from firstlight.edge import people
from firstlight.secret import Secret
from firstlight.settings import SettingsError
from roles import people as role
from tests.identity.signin import OPTIONS, check_options
from tests.site import Load

PEOPLE: dict[str, Any] = {
    "issuer": "https://login.example.test/realms/lab",
    "client_id": "firstlight",
    "client_secret": "client.secret",
    "email_domains": ["example.net"],
    "image": "quay.io/oauth2-proxy/oauth2-proxy@sha256:" + "a" * 64,
    "sites": [{"path": "/grafana/", "upstream": "http://127.0.0.1:3000"}],
}


@pytest.fixture(autouse=True)
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "client.secret"
    file.write_text('s3cr"et\n')
    file.chmod(0o600)
    return file


def test_without_people_there_is_nothing(load: Load) -> None:
    assert people.files(load(), "/x") == {}


def test_oauth2_proxys_configuration(load: Load) -> None:
    given = load(edge={"people": {**PEOPLE, "groups": ["ops"]}})
    wanted = given.edge.people
    assert wanted is not None
    items, spec = role.items(given, wanted)
    config = next(item for item in items if item.path.endswith(".cfg"))
    assert config.state.mode == "600" and config.state.user == role.ACCOUNT
    assert isinstance(config.content, Secret)  # type: ignore[union-attr]
    found = tomllib.loads(config.content.reveal())  # type: ignore[union-attr]
    check_options(found)
    assert found["client_secret"] == 's3cr"et' and len(found["cookie_secret"]) == 44
    assert found["redirect_url"] == "https://llm.example.net/oauth2/callback"
    assert found["allowed_groups"] == ["ops"] and found["cookie_secure"] is True
    unit = role.unit(wanted.image, spec)
    assert "s3cr" not in unit and found["cookie_secret"] not in unit and "--env" not in unit
    assert "--publish" not in unit and "--cap-drop ALL" in unit and spec in unit


def test_the_sessions_secret_is_made_once_and_is_private(tmp_path: Path) -> None:
    first = people.cookie_secret(tmp_path)
    assert people.cookie_secret(tmp_path) == first
    file = tmp_path / "keys" / "people-cookie.secret"
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_unknown_option_is_noticed() -> None:
    with pytest.raises(ValueError, match="cookie_secret_fil"):
        check_options({"cookie_secret_fil": "x"})
    assert "client_secret" in OPTIONS


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sites": PEOPLE["sites"] * 2}, r"sites\[1\].path: found \"/grafana/\" again"),
        ({"sites": []}, "edge.people.sites"),
        ({"sites": [{"path": "/v1/", "upstream": "http://127.0.0.1:1"}]}, "not the API's"),
        ({"sites": [{"path": "/oauth2/", "upstream": "http://127.0.0.1:1"}]}, "not the API's"),
        ({"sites": [{"path": "/x/", "upstream": "http://10.0.0.1:1"}]}, "127.0.0.1"),
        ({"issuer": "http://login.example.test"}, "https URL"),
        ({"image": "quay.io/oauth2-proxy/oauth2-proxy:v7.15.3"}, "by digest"),
        ({"email_domains": []}, "edge.people.email_domains"),
        ({"client_secret": "absent"}, "edge.people.client_secret: .*missing"),
    ],
)
def test_settings_that_cannot_be(load: Load, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load(edge={"people": {**PEOPLE, **changes}})


def test_a_secret_that_others_can_read(load: Load, secret: Path) -> None:
    secret.chmod(0o644)
    with pytest.raises(SettingsError, match="can be read by others"):
        load(edge={"people": PEOPLE})
