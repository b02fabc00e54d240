"""What an inventory asks a lock for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firstlight.errors import FirstlightError
from firstlight.lock import asked as lock
from firstlight.lock.asked import Asked, packages
from firstlight.settings import SettingsError

IMAGE = "registry.example.net:5000/vllm/vllm-openai"
MODEL: dict[str, Any] = {"name": "m", "engine": "vllm", "repo": "a/b", "image": f"{IMAGE}:v1"}


def asked(hosts: dict[str, Any], root: Path) -> list[Asked]:
    """What hosts that nobody watches ask for."""
    alone = {"monitor": {"enabled": False}}
    return lock.asked({name: {**alone, **data} for name, data in hosts.items()}, root)


def test_what_observes_is_asked_for_where_it_runs(tmp_path: Path) -> None:
    hosts = {"gpu1": {"models": [MODEL]}, "door": {"models": []}}
    found = [each.name for each in lock.asked(hosts, tmp_path) if each.kind == "image"]
    assert [name.rpartition(":")[0].rpartition("/")[2] for name in found] == [
        "vllm-openai",
        "dcgm-exporter",
        "grafana",
    ]


def test_two_hosts_ask_once_and_the_first_is_named(tmp_path: Path) -> None:
    hosts = {"gpu1": {"models": [MODEL]}, "gpu2": {"models": [MODEL | {"revision": "main"}]}}
    assert asked(hosts, tmp_path) == [
        Asked("image", f"{IMAGE}:v1", "gpu1: models[0].image"),
        Asked("weights", "hf://a/b", "gpu1: models[0].revision"),
        Asked("weights", "hf://a/b@main", "gpu2: models[0].revision"),
    ]


def test_how_it_is_looked_up(tmp_path: Path) -> None:
    for name in ("ca.pem", "token"):
        (tmp_path / name).touch(mode=0o600)
    registries = {"registry.example.net:5000": {"ca": "ca.pem"}, "other": {"ca": "nowhere"}}
    model = MODEL | {"hub": "http://hub.example/", "hub_token": "token"}
    host = {"docker": {"registries": registries}, "models": [model]}
    image, weights = asked({"gpu1": host}, tmp_path)
    assert image.ca == tmp_path / "ca.pem"
    assert weights.hub_token is not None and weights.hub_token.file == tmp_path / "token"
    assert weights.hub == "http://hub.example"


@pytest.mark.parametrize("change", [{"hub_token": "nowhere"}, {}])
def test_a_file_that_is_missing(tmp_path: Path, change: dict[str, str]) -> None:
    registries = {} if change else {"registry.example.net:5000": {"ca": "nowhere"}}
    host = {"docker": {"registries": registries}, "models": [MODEL | change]}
    with pytest.raises(FirstlightError, match="nowhere") as error:
        asked({"gpu1": host}, tmp_path)
    assert error.value.where.startswith("gpu1: models[0].")


def test_two_hubs_are_asked_both(tmp_path: Path) -> None:
    models = [MODEL, MODEL | {"hub": "https://hub.example"}]
    found = asked({"gpu1": {"models": models}}, tmp_path)
    assert [each.hub for each in found if each.kind == "weights"] == [None, "https://hub.example"]


def test_a_model_of_the_catalogue_and_a_pinned_commit(tmp_path: Path) -> None:
    model = {"name": "qwen3-8b", "revision": "1" * 40, "image": "a/b@sha256:" + "0" * 64}
    (found,) = asked({"gpu1": {"models": [model]}}, tmp_path)
    assert found.name == f"hf://Qwen/Qwen3-8B@{'1' * 40}" and found.pinned


def test_what_no_lock_can_help_is_told_all_at_once(tmp_path: Path) -> None:
    models = [MODEL | {"image": IMAGE}, MODEL | {"repo": None, "weights": "https://x.example/a"}]
    with pytest.raises(SettingsError) as error:
        asked({"gpu1": {"models": models}}, tmp_path)
    places = [problem.key for problem in error.value.problems]
    assert places == ["models[0].image", "models[1].weights"]


@pytest.mark.parametrize("data", [{}, {"models": None}, {"models": ["x"]}, {"docker": 3}])
def test_hosts_that_ask_for_nothing(tmp_path: Path, data: dict[str, Any]) -> None:
    assert asked({"monitor1": data}, tmp_path) == []


def test_packages_on_which_all_hosts_agree() -> None:
    hosts: dict[str, dict[str, Any]] = {
        "gpu1": {"nvidia": {"version": "580.178.04", "toolkit": "1.20.0"}},
        "gpu2": {"nvidia": {"version": "595.91.07", "toolkit": "1.19.1"}},
        "gpu3": {"nvidia": {"version": "580.178.04"}},
        "gpu4": {"nvidia": None},
        "monitor1": {},
    }
    assert packages(hosts) == {
        "nvidia-driver-580": "580.178.04", "nvidia-driver-595": "595.91.07",
    }  # fmt: skip
