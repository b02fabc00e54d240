"""Secrets of a host of the run are had before its first change; those of others are not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from firstlight import chain, site
from firstlight.edge import certificates
from firstlight.errors import FirstlightError
from firstlight.facts.credentials import Held, HeldCredentials
from firstlight.operations.credentials import drop_in, text
from firstlight.secret import Secret
from firstlight.secret_plan import credential_obstacles
from firstlight.secrets.needed import credentials, had, needed
from firstlight.secrets.resolved import forget
from firstlight.settings import HostSettings
from firstlight.settings.secret_source import SecretSource
from roles import models as role
from tests.site import Load, load
from tests.unit.pki.test_chain import Issued, issued  # type: ignore[attr-defined]
from tests.unit.secrets.sources import TOKEN, printing, private

__all__ = ["Issued", "issued", "load"]
ENCRYPTED, PLAIN = "/etc/credstore.encrypted/hub-token", "/etc/credstore/hub-token"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    forget()
    yield
    forget()


def test_all_that_cannot_be_had_is_said_at_once(load: Load) -> None:
    tls = {
        "mode": "acme",
        "acme": {
            "email": "ops@example.net",
            "challenge": "dns-01",
            "dns_provider": "cloudflare",
            "dns_credentials": {"A_TOKEN": {"env": "NOT_SET_ANYWHERE"}},
        },
    }
    found = load({"hub_token": {"command": ["false"]}}, edge={"tls": tls})
    assert [each.key for each in needed(found)] == [
        "models[0].hub_token",
        'edge.tls.acme.dns_credentials["A_TOKEN"]',
    ]
    first, second = had(found, ("weights", "edge"))
    assert first.where.startswith("gpu1: models[0].hub_token (") and "code 1" in first.why
    assert "dns_credentials" in second.where and "not set" in second.why
    assert [each.where for each in had(found, ("edge",))] == [second.where]
    assert [each.where for each in had(found, ("weights",))] == [first.where]


def sources(section: type[BaseModel], at: str = "") -> Iterator[str]:
    """The settings below ``section`` that are the source of a secret."""
    for name, field in section.model_fields.items():
        inside: list[Any] = [field.annotation]
        while inside:
            kind = inside.pop()
            inside += get_args(kind)
            if kind is SecretSource:
                yield f"{at}{name}"
            elif isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from sources(kind, f"{at}{name}.")


def test_no_source_is_forgotten() -> None:
    """Who adds one has to say who needs it, or it is neither checked nor had in time."""
    assert set(sources(HostSettings)) == {
        "models.hub_token",
        "edge.people.client_secret",
        "edge.tls.acme.dns_credentials",
        "edge.tls.key",
        "monitor.alerts.receivers.email.password",
        "monitor.alerts.receivers.pagerduty.key",
        "monitor.alerts.receivers.slack.url",
        "monitor.alerts.receivers.webhook.secret_url",
        "monitor.alerts.receivers.webhook.token",
        "monitor.alerts.watchdog.secret_url",
        "monitor.alerts.watchdog.token",
        "monitor.prometheus.remote_write.password",
    }


def test_what_a_role_writes_is_what_the_source_gave(load: Load) -> None:
    found = load({"hub_token": printing(TOKEN[3:] + "\\n")})
    assert had(found, ("weights",)) == []
    (want,) = role.every(found.models)
    assert role.token(want) == Secret(TOKEN[3:]) and TOKEN[3:] not in role.job(want)


def test_a_hosts_own_credential(load: Load) -> None:
    found = load({"hub_token": {"credential": "hub-token"}})
    assert credentials(found, ("weights",)) == ("hub-token",) and had(found, ("weights",)) == []
    assert credentials(found, ("edge",)) == ()
    (want,) = role.every(found.models)
    assert role.token(want) == Secret("") and '"credential": "hub-token"' in role.job(want)
    unit = role.unit_of(want)
    assert drop_in(unit) == f"/etc/systemd/system/{unit}.d/credential.conf"
    lines = text([Held(ENCRYPTED, True), Held(PLAIN, True)]).splitlines()
    assert lines[1:] == [
        f"LoadCredentialEncrypted=hub-token:{ENCRYPTED}",
        f"LoadCredential=hub-token:{PLAIN}",
    ]


def test_a_dns_credential_of_a_file_and_one_of_the_host(load: Load, tmp_path: Path) -> None:
    private(tmp_path / "token", TOKEN)
    given = {"A_TOKEN": "token", "B_TOKEN": {"credential": "dns-b"}}
    acme = {"email": "o@example.net", "challenge": "dns-01", "dns_provider": "x"}
    tls = {"mode": "acme", "acme": {**acme, "dns_credentials": given}}
    found = load(edge={"tls": tls})
    assert credentials(found, ("edge",)) == ("dns-b",)
    files = certificates.files(found, site.names(found), None, "")
    assert files["/etc/firstlight/tls/dns/A_TOKEN"] == Secret(TOKEN)
    assert "/etc/firstlight/tls/dns/B_TOKEN" not in files
    assert "credentials='A_TOKEN B_TOKEN=dns-b'\n" in str(files["/etc/firstlight/tls/settings"])
    unit = str(files["/etc/systemd/system/firstlight-certificate.service"])
    assert "LoadCredential=A_TOKEN:/etc/firstlight/tls/dns/A_TOKEN\n" in unit
    assert "dns-b" not in unit and certificates.DROP_INS not in certificates.absent(found, files)
    assert TOKEN not in "".join(text for text in files.values() if isinstance(text, str))


@pytest.mark.parametrize(
    ("held", "systemd", "said"),
    [
        (None, 257, "the systemd credential hub-token is not on the host"),
        (Held(ENCRYPTED, True), 249, "it is version 249, and 250 is the first that can"),
        (Held(PLAIN, False), 257, "can be read by others"),
        (Held(PLAIN, True), 249, ""),
        (Held(ENCRYPTED, False), 250, ""),  # what is encrypted may be read
    ],
)
def test_a_credential_that_cannot_be_loaded(held: Held | None, systemd: int, said: str) -> None:
    given = {"hub-token": held} if held else {}
    errors = list(credential_obstacles("gpu1", ("hub-token",), given, systemd))
    assert [said in str(error) and bool(error.where and error.fix) for error in errors] == (
        [True] if said else []
    )


def test_the_fact_reads_stores() -> None:
    lines = [f"600 {ENCRYPTED}", "644 /etc/credstore/other"]
    found = HeldCredentials().process(lines)
    assert found["hub-token"] == Held(ENCRYPTED, True) and found["hub-token"].encrypted
    assert found["other"] == Held("/etc/credstore/other", False) and not found["other"].encrypted


def test_a_private_key_from_a_command(load: Load, issued: Issued, tmp_path: Path) -> None:
    plain = chain.load(issued.certificate, issued.key, issued.ca, ["llm.example.net"])
    tls = {
        "mode": "files",
        "certificate": str(issued.certificate),
        "ca": str(issued.ca),
        "key": {"command": ["cat", str(issued.key)]},
    }
    found = load(edge={"tls": tls})
    assert had(found, ("edge",)) == []
    leaf = site.certificate(found)
    assert leaf is not None and leaf.cert_pem == plain.cert_pem
    assert leaf.key.reveal().strip() == plain.key.reveal().strip()
    other = private(tmp_path / "other.key", "no key")
    wrong = load(edge={"tls": tls | {"key": {"command": ["cat", str(other)]}}})
    with pytest.raises(FirstlightError, match="not a private key in PEM") as error:
        site.certificate(wrong)
    assert error.value.where == "edge.tls.key"
