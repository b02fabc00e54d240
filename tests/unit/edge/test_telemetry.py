"""What monitors read of a host, and the door of the dashboards, as files of nginx's release."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from firstlight.edge.telemetry import Page, pages
from firstlight.facts.probe import HostProbe
from firstlight.monitor.certificates import fingerprint
from firstlight.rendering import render
from firstlight.settings import HostSettings
from tests.unit.edge.conftest import MakeSite, served, texts

MODEL = {"name": "m"}
GRAFANA = {"grafana": {"image": "docker.io/grafana/grafana@sha256:" + "a" * 64}}
DCGM = {"gpus": {"image": "nvcr.io/nvidia/k8s/dcgm-exporter@sha256:" + "b" * 64}}


def monitored(site: dict[str, HostSettings], *names: str) -> dict[str, HostSettings]:
    """Put hosts into the group of monitors."""
    return {
        name: host.model_copy(update={"groups": host.groups | {"monitor"}})
        if name in names
        else host
        for name, host in site.items()
    }


def test_a_single_box_shows_itself_what_it_measures(site_of: MakeSite) -> None:
    site = site_of(box={"models": [MODEL], "nvidia": {}, "monitor": {**GRAFANA, **DCGM}})
    made = texts(served(site, "box")[0])
    conf = made["telemetry.conf"]
    assert re.findall("listen (.*);", conf) == ["127.0.0.1:9443 ssl"]  # nobody else is let in
    for path, source in {
        "/node": "http://127.0.0.1:9100/metrics",
        "/gpu": "http://198.18.146.226:9400/metrics",
        "/edge": "http://unix:/run/firstlight-edge.sock:/metrics",
        "/engine/m": "/metrics",
    }.items():
        assert f"location = {path} {{\n    proxy_pass " in conf and source in conf, path
    assert f"  {fingerprint(site['box'])} known;" in conf
    assert conf.count("backend.conf") == 1  # the engine's secret goes to the engine alone
    dashboards = made["dashboards.conf"]
    assert "listen 3443 ssl;" in dashboards and "proxy_pass http://127.0.0.1:3000;" in dashboards
    assert "dashboards.crt" not in made  # it shows the edge's own certificate
    assert "include" in made["nginx.conf"] and "telemetry.conf" in made["nginx.conf"]


def test_a_box_without_gpus_shows_none(site_of: MakeSite) -> None:
    site = site_of(box={"models": [MODEL], "monitor": DCGM})
    assert "/gpu" not in texts(served(site, "box")[0])["telemetry.conf"]


def test_a_monitor_without_an_edge_has_a_certificate_of_its_own(site_of: MakeSite) -> None:
    site = site_of(
        ("door",), gpu1={"models": [MODEL]}, door={"models": []}, watch={"monitor": GRAFANA}
    )
    site = monitored(site, "watch")
    release, publics = served(site, "watch")
    made = texts(release)
    assert not publics and "public.conf" not in made and "load_module" not in made["nginx.conf"]
    assert "BEGIN CERTIFICATE" in made["dashboards.crt"]
    assert (
        f"  {fingerprint(site['watch'])} known;" in texts(served(site, "gpu1")[0])["telemetry.conf"]
    )
    door = texts(served(site, "door")[0])
    assert "/edge" in door["telemetry.conf"] and "dashboards.conf" not in door
    assert fingerprint(site["door"]) not in door["telemetry.conf"]


def test_who_is_not_watched_shows_nothing(site_of: MakeSite) -> None:
    site = site_of(box={"models": [MODEL], "monitor": {"enabled": False}})
    assert "telemetry.conf" not in texts(served(site, "box")[0])
    alone = monitored(site_of(("door",), gpu1={"models": [MODEL]}, door={"models": []}), "gpu1")
    off = {"monitor": {"enabled": False}}
    assert served({**alone, **site_of(idle=off)}, "idle") == (None, ())


def test_what_monitors_and_administrators_reach_is_not_for_clients(
    site_of: MakeSite, tmp_path: Path
) -> None:
    """Else a run that takes the dashboards away would open them to everybody until it has."""
    made = texts(served(site_of(box={"models": [{"name": "m"}], "monitor": GRAFANA}), "box")[0])
    (current := tmp_path / "current").mkdir()
    for name in ("telemetry.conf", "dashboards.conf", "public.conf"):
        (current / name).write_text(made[name])
    (logs := tmp_path / "nginx.conf").write_text("  server {\n    listen [::]:19532 ssl;\n")
    instead = {"/etc/nginx/firstlight/current": current, "/etc/firstlight/logs/nginx.conf": logs}
    command = HostProbe().command(store="/srv").get_raw_value()
    for path, other in instead.items():
        assert path in command
        command = command.replace(path, str(other))
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, timeout=30, check=False
    )
    inner = {line for line in done.stdout.splitlines() if line.startswith("inner=")}
    assert inner == {"inner=9443", "inner=3443", "inner=19532"}
    listening = [f"listen=0.0.0.0:{each} nginx" for each in (80, 443, 3443, 9443, 19532)]
    assert HostProbe().process([*listening, *inner]).served == {80, 443}
    assert HostProbe().process(listening).served == {80, 443, 3443, 9443, 19532}


def test_without_a_node_exporter_the_facts_alone_are_shown() -> None:
    page, *others = pages((), gpus=False, edge=False, facts="/var/lib/x.prom")
    assert not others and page == Page("/node", file="/var/lib/x.prom")
    text = render(
        "etc/nginx/firstlight/telemetry.conf",
        folder="/f", addresses=("",), port=9443, pages=(page,), watchers=(), seconds=10,
    )  # fmt: skip
    assert "alias /var/lib/x.prom;" in text and "proxy_pass" not in text
