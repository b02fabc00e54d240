"""What Grafana goes by, proven by the program of the hosts against the SIMULATED one."""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstlight.lab.images import grafana as image
from firstlight.monitor import grafana, grafana_proof
from firstlight.settings import HostSettings
from tests.monitor.dashboards import standin

Site = dict[str, HostSettings]
PROMETHEUS = "http://127.0.0.1:9090"
PORT = "http_port = 3000"


@pytest.fixture
def port() -> int:
    return standin.free_port()


@pytest.fixture
def folder(site: Site, tmp_path: Path, port: int) -> Iterator[Path]:
    """The files of a monitor's Grafana, and a Prometheus where they say."""
    with standin.prometheus() as url:
        instead = {PROMETHEUS: url, PORT: f"http_port = {port}"}
        yield standin.written(
            grafana.configuration(site["watch1"], site), tmp_path / "etc", instead
        )


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grafana_proof, "WAIT_SECONDS", 1)


def proof(url: str, folder: Path) -> int:
    return grafana_proof.main([url, str(folder)])


def ask(url: str, **headers: str) -> tuple[int, str, dict[str, str]]:
    """Return status, body and headers."""

    class Stays(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Stays)
    try:
        with opener.open(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)


def test_it_serves_every_dashboard_to_the_administrator_alone(
    folder: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with standin.served(folder, port) as (url, program):
        assert proof(url, folder) == 0
        assert "serves 6 dashboards" in capsys.readouterr().out
        assert ask(f"{url}/api/search")[0] == ask(f"{url}/api/datasources")[0] == 401
        assert ask(f"{url}/")[0] == 302 and "SIMULATED" in ask(f"{url}/login")[1]
        secret = (folder / grafana.PASSWORD).read_text().strip()
        assert secret not in program.seen and len(secret) > 40


def test_another_password_is_set_to_the_sites(
    folder: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with standin.served(folder, port) as (url, _):
        (folder / grafana.PASSWORD).write_text("a-new-one-of-the-site\n")
        assert proof(url, folder) == grafana_proof.WRONG_PASSWORD
        assert "Invalid username or password" in capsys.readouterr().err
        reset = ("admin", "reset-admin-password", "--password-from-stdin")
        done = standin.command(folder, "cli", *reset, text="a-new-one-of-the-site\n")
        assert done.returncode == 0, done.stderr
        assert proof(url, folder) == 0


def test_a_broken_dashboard_is_said_and_a_mended_one_loaded_without_a_restart(
    folder: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = Path(shutil.copytree(folder, folder.parent / "wanted"))
    path = folder / "dashboards/firstlight-host.json"
    whole = path.read_text()
    with standin.served(folder, port) as (url, program):
        for broken in ("{", json.dumps({**json.loads(whole), "panels": []})):
            path.write_text(broken)
            assert proof(url, wanted) == 1
            assert "the dashboard Host is not loaded as it was written" in capsys.readouterr().err
        assert "failed to load" in program.log
        path.write_text(whole)
        assert proof(url, wanted) == 0


def test_without_prometheus_it_does_not_serve(
    site: Site, tmp_path: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    instead = {PROMETHEUS: "http://127.0.0.1:9", PORT: f"http_port = {port}"}
    folder = standin.written(grafana.configuration(site["watch1"], site), tmp_path / "e", instead)
    with standin.served(folder, port) as (url, _):
        assert proof(url, folder) == 1
    assert "it cannot ask Prometheus (400)" in capsys.readouterr().err
    assert proof(f"http://127.0.0.1:{port}", folder) == 1, "nothing answers there"
    assert "no answer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("grafana.ini", "cookie_secure = true", "cookie_secure = perhaps", "neither true nor"),
        ("grafana.ini", "[server]", "[server", "Failed to parse"),
        ("grafana.ini", "/admin-password}", "/nowhere}", "Failed to parse"),
        ("provisioning/datasources/firstlight.yaml", '"apiVersion": 1', '"apiVersion": ', "provisioning error"),
        ("provisioning/datasources/firstlight.yaml", '"url"', '"address"', "url is missing"),
        ("provisioning/dashboards/firstlight.yaml", '"options"', '"option"', "options is missing"),
    ],
)  # fmt: skip
def test_the_stand_in_refuses_what_is_broken(
    folder: Path, name: str, old: str, new: str, said: str
) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))
    done = standin.command(folder, "server")
    assert done.returncode == 1 and said in done.stderr and "SIMULATED" in done.stderr


def test_anonymous_people_look_only_where_it_is_said(site: Site, tmp_path: Path, port: int) -> None:
    monitor = site["watch1"].monitor
    open_to_all = monitor.model_copy(
        update={"grafana": monitor.grafana.model_copy(update={"anonymous": True})}
    )
    settings = site["watch1"].model_copy(update={"monitor": open_to_all})
    instead = {PORT: f"http_port = {port}"}
    folder = standin.written(grafana.configuration(settings, site), tmp_path / "e", instead)
    with standin.served(folder, port) as (url, _):
        assert ask(f"{url}/api/search")[0] == 200
        assert ask(f"{url}/api/search", Authorization="Basic YWRtaW46YWRtaW4=")[0] == 401


def test_the_image_has_its_programs_where_the_real_one_has_them(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    image.RECIPE.build(root)
    for name, verb in image.SCRIPTS.items():
        script = root / name
        assert script.stat().st_mode & 0o111 and "SIMULATED" in script.read_text()
        assert script.read_text().splitlines()[-1].endswith(f'grafana_standin {verb}"$@"')
    there = {path.name for path in (root / "usr/lib/firstlight-lab/grafana_standin").iterdir()}
    assert there == {path.name for path in image.PROGRAMS.glob("*.py")}
    assert image.RECIPE.key("amd64").startswith("grafana-") and image.RECIPE.base is not None
