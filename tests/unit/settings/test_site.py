"""A whole site: every host validated, shared mistakes folded, files checked, no secret shown."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstlight import keys
from firstlight.settings import HostSettings, Problem, SettingsError, load_host, load_site

Data = dict[str, Any]


def site_error(hosts: dict[str, tuple[Data, list[str]]], root: Path) -> SettingsError:
    with pytest.raises(SettingsError) as error:
        load_site(hosts, root)
    return error.value


def test_a_right_site(root: Path, data: Data) -> None:
    site = load_site({name: (data, ["gpu"]) for name in ("gpu2", "gpu1")}, root)
    assert list(site) == ["gpu2", "gpu1"]


@pytest.mark.parametrize(
    ("count", "named"),
    [(1, "gpu1"), (2, "gpu1 and gpu2"), (3, "gpu1, gpu2 and gpu3"), (5, "gpu1, gpu2 and 3 more")],
)
def test_a_mistake_of_group_data_is_told_once(
    count: int, named: str, root: Path, data: Data
) -> None:
    hosts = {f"gpu{n}": (data | {"domian": "x"}, ["gpu"]) for n in range(1, count + 1)}
    error = site_error(hosts, root)
    assert len(error.problems) == count
    line = f'  {named}: domian: unknown key; did you mean "domain"?'
    assert str(error) == f"one mistake in the settings\n{line}"


def test_hosts_keep_their_order_and_all_are_checked(root: Path, data: Data) -> None:
    hosts = {"b": (data | {"x1": 1}, ["gpu"]), "a": (data | {"domain": "!"}, ["gpu"])}
    error = site_error(hosts, root)
    assert [problem.host for problem in error.problems] == ["b", "a"]
    assert str(error) == str(site_error(hosts, root))
    assert str(error).startswith("2 mistakes in the settings\n")


MISSING = None


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (MISSING, "the API key file is missing"),
        (b'[keys]\nalice = "short"\n', "line 2: the key does not begin with fl_alice_"),
        (b"[keys]\n", "the API key file holds no key"),
    ],
)
def test_the_api_key_file(
    content: bytes | None, text: str, root: Path, data: Data, problems: Callable[..., list[Problem]]
) -> None:
    path = root / ".firstlight/lab/keys/api-keys.toml"
    path.unlink() if content is MISSING else path.write_bytes(content)
    [problem] = problems(data)
    assert problem.key == "edge.api_keys"
    assert text in str(problem)
    if content is MISSING:
        assert str(problem).endswith("fix: firstlight keys issue NAME --site lab")
    data["edge"] = {"enabled": False}
    assert not load_host("gpu1", data, [], root).edge.enabled


def test_an_api_key_file_that_others_can_read(
    root: Path, data: Data, problems: Callable[..., list[Problem]]
) -> None:
    (root / ".firstlight/lab/keys/api-keys.toml").chmod(0o644)
    assert "can be read by others" in str(problems(data)[0])


def test_the_hub_token_file(root: Path, data: Data, problems: Callable[..., list[Problem]]) -> None:
    token = root / "token"
    data["models"][0]["hub_token"] = "token"
    token.write_text("hf_" + "x" * 34)
    token.chmod(0o640)
    assert "can be read by others" in str(problems(data)[0])
    token.chmod(0o600)
    assert load_host("gpu1", data, ["gpu"], root).models[0].hub_token == token
    token.write_text("two words")
    assert "models[0].hub_token: found no token in" in str(problems(data)[0])
    token.unlink()
    os.mkfifo(token, 0o600)
    assert "is not a plain file" in str(problems(data)[0])


def test_a_registrys_ca(root: Path, data: Data, problems: Callable[..., list[Problem]]) -> None:
    (root / "ca.crt").write_text("no certificate")
    data["docker"] = {"registries": {"r.example.net": {"ca": "ca.crt"}}}
    [problem] = problems(data)
    assert 'docker.registries["r.example.net"].ca: found no certificate in' in str(problem)


def test_no_secret_is_shown(root: Path, data: Data, load: Callable[..., HostSettings]) -> None:
    key = keys.load(root / ".firstlight/lab/keys/api-keys.toml")["alice"]
    token = "hf_" + "T" * 34
    (root / "token").write_text(token)
    (root / "token").chmod(0o600)
    data["models"][0]["hub_token"] = "token"
    shown = repr(load(data)) + str(load(data)) + load(data).model_dump_json()
    assert key.reveal() not in shown and token not in shown
    wrong = data | {
        "ready": {"prompt": 5, "api_key": token},
        "domain": key.reveal(),
        token: 1,
        "edge": {"body_limit": "http://user:hunter2@x"},
    }
    wrong["models"] = [data["models"][0] | {"hub": f"https://u:{token}@hub", "revision": token}]
    text = str(site_error({"gpu1": (wrong, ["gpu"])}, root))
    for secret in (key.reveal(), token, "hunter2"):
        assert secret not in text
    assert "may be a secret" in text


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
known = st.sampled_from(
    ["site", "address", "domain", "base", "docker", "models", "edge", "ready", "name", "root"]
)
parts = st.sampled_from(
    ["name", "engine", "repo", "file", "gpus", "args", "daemon", "registries", "port", "api_keys"]
)
section = st.dictionaries(parts | st.text(max_size=3), junk, max_size=4)
host = st.dictionaries(known | st.text(), junk | section | st.lists(section, max_size=3))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=host, groups=st.lists(st.text(), max_size=2))
def test_junk_is_a_settings_error_and_nothing_else(
    data: Data, groups: list[str], tmp_path: Path
) -> None:
    try:
        load_host("gpu1", data, groups, tmp_path)
    except SettingsError as error:
        assert error.problems
        assert str(error).isprintable() or "\n" in str(error)
        assert all(line.isprintable() for line in str(error).splitlines())


def test_stranger_junk(root: Path, data: Data) -> None:
    circle: Data = {}
    circle["circle"] = circle
    deep: Any = 1
    for _ in range(5000):
        deep = {"a": deep}
    odd = {5: 6, None: 1, ("a",): 2}
    for value in (circle, deep, odd, object(), b"\xff", "\ud800", {"a", "b"}, [circle]):
        for key in ("docker", "edge", "models", "domain"):
            site_error({"gpu1": (data | {key: value}, ["gpu"])}, root)
        site_error({"gpu1": (data | {"docker": {"daemon": {"x": value, 3: 4}}}, ["gpu"])}, root)
    site_error({"gpu1": (data | odd, ["gpu"])}, root)
