"""Sites of other shapes: two monitors, one that cannot be any, an agent, and nobody watching."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyinfra.api.exceptions import PyinfraError

from firstlight.catalogue import systems
from firstlight.facts.probe import HostProbe
from firstlight.monitor.certificates import fingerprint
from firstlight.operations.files import File
from firstlight.settings import HostSettings
from tests.roles.hosts import bare
from tests.roles.observed import EVERY, LEFT
from tests.roles.stage import Facts, Played, Stage
from tests.roles.watched_site import GRAFANA, site

DEBIAN = systems()["debian 13"]
RETIRED = [
    "Exporters | Measure nothing any more",
    "Dcgm | Remove the GPU exporter",
    "Logs | Send and take no journals",
    "Alertmanager | Tell no alerts",
    "Prometheus | Watch no hosts from here",
    "Grafana | Have no Grafana",
]


def with_left(observing: frozenset[str]) -> Facts:
    """A Debian host on which ``observing`` is left over."""
    found = bare(DEBIAN)

    def facts(settings: HostSettings, kind: type, arguments: dict[str, Any]) -> Any:
        if kind is HostProbe:
            return replace(found(settings, kind, arguments), observing=observing)
        return LEFT[kind] if observing and kind in LEFT else found(settings, kind, arguments)

    return facts


def text(played: Played, host: str, name: str) -> str:
    """Return the one file on ``host`` whose path ends so."""
    (item,) = [item for path, item in played.written[host].items() if path.endswith(name)]
    assert isinstance(item, File)
    return item.data.decode()


def test_two_monitors_watch_everything_twice(stage: Stage, tmp_path: Path) -> None:
    played = stage.play(site(tmp_path, 2, **GRAFANA), bare(DEBIAN), watched=True)
    for monitor in ("mon1", "mon2"):
        for role in ("Prometheus", "Alertmanager", "Grafana"):
            assert any(each.startswith(f"{role} | ") for each in played.changes[monitor])
        config = yaml.safe_load(text(played, monitor, "/prometheus.yml"))
        assert config["global"]["external_labels"]["monitor"] == f"@fake/{monitor}"
        (node,) = [each for each in config["scrape_configs"] if each["job_name"] == "node"]
        seen = {each["labels"]["instance"] for each in node["static_configs"]}
        assert seen == {f"@fake/{name}" for name in played.changes}
    for host in ("gpu1", "edge1"):
        assert not any(each.startswith("Prometheus") for each in played.changes[host])
        door = text(played, host, "/telemetry.conf")
        rules = text(played, host, "/rules.nft")
        for number, monitor in enumerate(("mon1", "mon2"), 1):
            assert f"  {fingerprint(played.settings[monitor])} known;" in door
            assert f"192.0.2.2{number}" in rules


@pytest.mark.parametrize(
    ("system", "why"),
    [
        ("rocky 9", "Rocky Linux has no packages of Prometheus"),
        ("rhel 10", "RHEL has no packages of Prometheus"),
        ("ubuntu 22.04", "its Prometheus is 2.31"),
    ],
)
def test_who_cannot_be_a_monitor_says_so_before_any_change(
    stage: Stage, tmp_path: Path, system: str, why: str
) -> None:
    others, refusing = bare(DEBIAN), bare(systems()[system])

    def facts(settings: HostSettings, kind: type, arguments: dict[str, Any]) -> Any:
        has = refusing if settings.name == "@fake/mon1" else others
        return has(settings, kind, arguments)

    # Without dashboards: they need nginx, which says no on its own.
    inventory = site(tmp_path, grafana={"enabled": False})
    for deploy in ("stack", "monitor"):
        with pytest.raises(PyinfraError, match="refused, nothing was changed") as refused:
            stage.play(inventory, facts, deploy, watched=True)
        said = str(refused.value)
        name = " ".join(system.split())
        assert f"@fake/mon1: {name} cannot be a monitor" in said and why in said
        assert "Debian 13 or Ubuntu 24.04 or 26.04 in the group monitor" in said


def test_what_is_not_watched_any_more_loses_all_of_it(stage: Stage, tmp_path: Path) -> None:
    inventory = site(tmp_path)
    for deploy in ("stack", "monitor"):
        played = stage.play(inventory, with_left(EVERY), deploy)
        for host, operations in played.changes.items():
            assert [each for each in operations if each in RETIRED] == RETIRED, host
            observed = {each.partition(" | ")[0] for each in RETIRED}
            assert sum(each.partition(" | ")[0] in observed for each in operations) == len(RETIRED)
            assert not any(
                path.endswith("/telemetry.conf") for path in played.written.get(host, ())
            )


def test_an_uninstallation_ends_observation_before_its_files_go(
    stage: Stage, tmp_path: Path
) -> None:
    """And before what serves: by itself, each package's unit would answer everybody."""
    played = stage.play(site(tmp_path), with_left(EVERY), "uninstall")
    for operations in played.changes.values():
        said = [each.removeprefix("Uninstall | ") for each in operations]
        assert said[:6] == [
            "Tell no alerts",
            "Watch no hosts from here",
            "Have no Grafana",
            "Send and take no journals",
            "Remove the GPU exporter",
            "Measure nothing any more",
        ]


def test_what_was_never_watched_has_nothing_to_lose(stage: Stage, tmp_path: Path) -> None:
    played = stage.play(site(tmp_path), with_left(frozenset()))
    observed = tuple(f"{each.partition(' | ')[0]} | " for each in RETIRED)
    for operations in played.changes.values():
        assert operations and not any(each.startswith(observed) for each in operations)


def test_an_agent_keeps_no_alerts_and_no_dashboards(stage: Stage, tmp_path: Path) -> None:
    to = [{"url": "https://metrics.example.net/api/v1/write"}]
    inventory = site(tmp_path, **GRAFANA, prometheus={"mode": "agent", "remote_write": to})
    played = stage.play(inventory, with_left(EVERY), watched=True)
    operations = played.changes["mon1"]
    assert {RETIRED[3], RETIRED[5]} <= set(operations) and RETIRED[4] not in operations
    assert "Prometheus | Have Prometheus watch the hosts" in operations
    assert any(path.endswith("/telemetry.conf") for path in played.written["mon1"])
    assert not any(path.endswith("/dashboards.conf") for path in played.written["mon1"])
