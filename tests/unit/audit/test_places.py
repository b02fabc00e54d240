"""Secrets: every place where one lies is looked at, and every variable that holds one is seen."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from firstlight import manifest
from firstlight.audit import access, listening
from firstlight.audit.inside import Inside, inside
from firstlight.audit.places import SECRETS
from firstlight.edge import backend, certificates, release, tls
from firstlight.engines import unit
from firstlight.operations import trial
from roles import engine, people

ROOT = Path(__file__).resolve().parents[3]
SEALED = "/etc/credstore.encrypted/"


def covered(path: str) -> bool:
    """Whether a secret at ``path`` is looked at, or a folder around it is."""
    above = [str(each) for each in (Path(path), *Path(path).parents)]
    return any(fnmatchcase(each, place.rstrip("/")) for each in above for place in SECRETS)


@pytest.mark.parametrize(
    "path",
    [
        certificates.FOLDER, certificates.ACCOUNTS, tls.STATE, unit.FOLDER, trial.FOLDER,
        manifest.FOLDER, people.FOLDER, engine.SECRET,
        f"{release.BASE}/releases/1a/{backend.NAME}",
        f"{release.BASE}/releases/1a/keys.map", f"{release.BASE}/releases/1a/salt.js",
    ],
)  # fmt: skip
def test_every_place_of_a_secret_is_looked_at(path: str) -> None:
    assert covered(path)
    assert not covered(f"{release.BASE}/releases/1a/index.json")


def test_every_place_that_the_page_names_is_looked_at() -> None:
    text = (ROOT / "docs" / "secrets.md").read_text()
    named = {path.rstrip("/") for path in re.findall(r"(?<![\w.])/(?:etc|var)/[\w./-]+", text)}
    named = {path for path in named if not path.startswith(SEALED.rstrip("/"))}
    assert len(named) > 4
    assert {path for path in named if not covered(path)} == set()


def environment(*lines: str) -> Inside:
    return inside(["@environment", *lines, "@end"])


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("DB_PASS", True), ("PGPASSWORD", True), ("MYSQL_PWD", True), ("STRIPE_KEY", True),
        ("REDISCLI_AUTH", True), ("api_key", True), ("HF_TOKEN", True), ("OPENAIAPIKEY", True),
        ("PWD", False), ("OLDPWD", False), ("GPG_KEY", False), ("SSH_AUTH_SOCK", False),
        ("TOKENIZERS_PARALLELISM", False), ("MAX_TOKENS", False), ("API_KEY_FILE", False),
        ("KEYBOARD", False), ("AUTHOR", False), ("BYPASS", False),
    ],
)  # fmt: skip
def test_variables_that_are_named_like_a_secret(name: str, is_one: bool) -> None:
    found = [each.control for each in access.secrets("gpu1", environment(f"web {name}"))]
    assert found == ["secret-environment"] * is_one


def test_an_address_with_a_password_is_found_by_its_value() -> None:
    (one,) = access.secrets("gpu1", environment("web DATABASE_URL url", "web HOME_URL"))
    assert one.level == "fail" and "web has DATABASE_URL" in one.what and "password" in one.what


def test_a_container_beside_the_host_fails() -> None:
    lines = [
        "@containers",
        '{"id":"1","name":"/roam","ports":{},"networks":{"wire":{},"bridge":{}}}',
        "@networks",
        "bridge bridge",
        "macvlan wire",
        "ipvlan empty",
        "@end",
    ]
    (one,) = listening.published("gpu1", inside(lines), [])
    assert (one.control, one.level) == ("listening-published", "fail")
    assert "roam" in one.what and "macvlan" in one.what and "disconnect wire roam" in one.fix


def counted(*comments: str) -> Inside:
    rules = [
        {"rule": {"chain": "input", "comment": each, "expr": [{"counter": {"packets": 5}}]}}
        for each in comments
    ]
    return Inside(table={"nftables": rules})


def test_what_every_scan_is_counted_in_is_no_news() -> None:
    last = ("firewall: not let in", "firewall: not forwarded")
    text = (ROOT / "templates/etc/firstlight/firewall/rules.nft.j2").read_text()
    assert all(f'counter comment "{each}"' in text for each in last)
    assert list(listening.dropped("gpu1", counted(*last))) == []
    (one,) = listening.dropped("gpu1", counted(*last, "edge: connections of one address"))
    assert "edge" in one.why and "not let in" not in one.why
