"""The role: what it writes for whom, in which order, and when it takes Grafana away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firstlight.operations.files import Directory, File
from firstlight.secret import Secret
from firstlight.settings import HostSettings
from roles import grafana as role
from tests.monitor.dashboards.conftest import GRAFANA, hosts, loaded

Site = dict[str, HostSettings]
PLACES = (
    (role.accounts, "system_account"),
    (role.docker, "images"),
    (role, "files"),
    (role.operations, "dashboards_served"),
    (role.operations, "retired"),
)
Asked = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What the role asks of its operations, in order."""
    found: Asked = []
    for place, name in PLACES:
        monkeypatch.setattr(place, name, lambda _name=name, **words: found.append((_name, words)))
    return found


def play(settings: HostSettings, site: Site) -> None:
    role.grafana._inner(settings, site)  # type: ignore[attr-defined]


def test_a_monitor_gets_it_and_the_others_lose_it(site: Site, asked: Asked) -> None:
    play(site["watch1"], site)
    assert [name for name, _ in asked] == [name for _, name in PLACES[:4]]
    assert asked[1][1]["references"] == (GRAFANA,)
    names = asked[3][1]["names"]
    assert len(names) == 6 and "firstlight-gpu.json" in names
    del asked[:]
    play(site["gpu1"], site)
    assert [name for name, _ in asked] == ["retired"]


def test_what_it_goes_by_is_for_its_account_alone(site: Site, asked: Asked) -> None:
    play(site["watch1"], site)
    items = {each.path: each for each in asked[2][1]["items"]}
    ours = [each for path, each in items.items() if path.startswith(role.monitor.FOLDER)]
    assert len(ours) > 15
    for each in ours:
        assert each.mode == ("750" if isinstance(each, Directory) else "640"), each.path
        assert (each.user, each.group) == ("root", role.ACCOUNT), each.path
    secrets = [
        each.path for each in ours if isinstance(each, File) and isinstance(each.content, Secret)
    ]
    assert [Path(path).name for path in secrets] == ["admin-password", "secret-key"]
    data = items[role.monitor.DATA]
    assert (data.user, data.mode) == (role.ACCOUNT, "750")
    folders = [each.path for each in asked[2][1]["items"] if isinstance(each, Directory)]
    assert folders[:-1] == sorted(folders[:-1]), "a folder before what is in it"


@pytest.mark.parametrize(
    "monitor",
    [{"enabled": False}, {"grafana": {"enabled": False}}, {"prometheus": {"mode": "agent"}}],
)
def test_without_it_or_its_data_there_is_none(
    tmp_path: Path, asked: Asked, monitor: dict[str, Any]
) -> None:
    inventory = hosts()
    inventory["watch1"][0]["monitor"] = {"grafana": {"image": GRAFANA}, **monitor}
    if not monitor.get("enabled", True):  # of all: a monitor alone that is off is a mistake
        for data, _ in inventory.values():
            data["monitor"] = {**data.get("monitor", {}), **monitor}
    if "prometheus" in monitor:
        inventory["watch1"][0]["monitor"]["prometheus"]["remote_write"] = [
            {"url": "https://metrics.example.net/write"}
        ]
    site = loaded(tmp_path, inventory)
    play(site["watch1"], site)
    assert [name for name, _ in asked] == ["retired"]


def test_only_a_change_that_needs_one_makes_another_container(site: Site, asked: Asked) -> None:
    play(site["watch1"], site)
    role.grafana._inner(site["watch1"], site, {"gpu1": "datacenter"})  # type: ignore[attr-defined]
    first, second = (words for name, words in asked if name == "dashboards_served")
    assert first["spec"] == second["spec"] and first["proven"] != second["proven"]
