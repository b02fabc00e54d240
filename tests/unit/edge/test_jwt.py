"""What a release says about tokens, and which settings of them contradict each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from firstlight.edge import jwt
from firstlight.errors import FirstlightError
from firstlight.settings import HostSettings, SettingsError
from roles import jwks as role
from tests.identity.issuer import ISSUER, Issuer
from tests.site import Load

KEYS = Issuer().jwks()
URL = "https://login.example.test/jwks"
FOLDER = "/etc/nginx/firstlight/releases/0"


def settings(load: Load, **changes: Any) -> HostSettings:
    given = {"issuer": ISSUER, "audience": "llm", **changes}
    return load(edge={"jwt": {name: value for name, value in given.items() if value is not None}})


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "jwks.json").write_text(json.dumps(KEYS))
    return "jwks.json"


def script(found: dict[str, str]) -> dict[str, Any]:
    line = next(x for x in found["jwt.js"].splitlines() if x.startswith("const SETTINGS = "))
    read: dict[str, Any] = json.loads(line.removeprefix("const SETTINGS = ").removesuffix(";"))
    return read


def test_without_tokens_there_is_nothing(load: Load) -> None:
    assert jwt.files(load(), FOLDER) == {}


def test_keys_of_a_file_are_in_the_release(load: Load, file: str) -> None:
    found = jwt.files(settings(load, jwks_file=file), FOLDER)
    assert set(found) == {"jwt.conf", "jwt.js"}
    read = script(found)
    assert [key["kid"] for key in read["keys"]] == ["r1", "e1"] and read["file"] is None
    assert f"js_import jwt from {FOLDER}/jwt.js;" in found["jwt.conf"]


def test_keys_of_a_url_are_not(load: Load) -> None:
    given = settings(load, jwks_url=URL, algorithms=["ES256"], models="llm", leeway=0)
    read = script(jwt.files(given, FOLDER))
    assert read["keys"] is None and read["file"] == "/var/lib/firstlight/edge/jwks.json"
    assert (read["algorithms"], read["models"], read["leeway"]) == (["ES256"], "llm", 0)
    assert given.edge.jwt is not None and given.edge.jwt.klass == "standard"


def test_no_text_of_the_settings_leaves_its_place(load: Load, file: str) -> None:
    odd = 'x";}*/</script>\\${1}'
    found = jwt.files(settings(load, jwks_file=file, audience=odd), FOLDER)
    assert script(found)["audience"] == odd


def test_a_file_that_is_spoilt_between_check_and_use(load: Load, file: str, tmp_path: Path) -> None:
    given = settings(load, jwks_file=file)
    (tmp_path / file).write_text("{}")
    with pytest.raises(FirstlightError, match="issuer cannot be used"):
        jwt.files(given, FOLDER)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "edge.jwt: found nothing, expected exactly one of jwks_file and jwks_url"),
        ({"jwks_url": URL, "jwks_file": "jwks.json"}, "edge.jwt: found both, expected exactly"),
        ({"jwks_url": "http://login.example.test/jwks"}, "edge.jwt.jwks_url: .*an https URL"),
        ({"jwks_file": "absent"}, "jwks_file: found .*absent: No such file"),
        ({"jwks_file": "empty"}, "jwks_file: found .*it is not JSON"),
        (
            {"jwks_file": "jwks.json", "jwks_ca": "ca"},
            "jwks_ca: found nothing, expected a jwks_url",
        ),
        ({"jwks_url": URL, "jwks_ca": "empty"}, "jwks_ca: found no certificate"),
        ({"jwks_url": URL, "algorithms": []}, "algorithms: .*each once"),
        ({"jwks_url": URL, "algorithms": ["HS256"]}, r"algorithms\[0\]"),
        ({"jwks_url": URL, "class": "silver"}, "edge.jwt.class: .*gold"),
        ({"jwks_url": URL, "clas": "gold"}, 'did you mean "class"'),
        ({"jwks_url": URL, "klass": "gold"}, "edge.jwt.klass: unknown key"),
        ({"jwks_url": URL, "leeway": 3600}, "edge.jwt.leeway: .*0 to 600"),
        ({"jwks_url": URL, "issuer": None}, "edge.jwt.issuer"),
        ({"jwks_url": URL, "name": 'a"b'}, "edge.jwt.name"),
    ],
)
def test_settings_that_cannot_be(
    load: Load, file: str, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    (tmp_path / "empty").write_text("")
    with pytest.raises(SettingsError, match=message):
        settings(load, **changes)


def test_a_change_of_anything_fetches_anew(load: Load) -> None:
    marks = set()
    for changes in ({}, {"jwks_refresh": 600}, {"algorithms": ["ES256"]}, {"jwks_url": URL + "2"}):
        given = settings(load, **{"jwks_url": URL, **changes}).edge.jwt
        assert given is not None
        texts, mark = role.texts(given, "/usr/bin/python3")
        assert json.loads(texts[role.SPEC])["mark"] == mark
        assert f"OnUnitActiveSec={given.jwks_refresh}s" in "".join(texts.values())
        marks.add(mark)
    assert len(marks) == 4
