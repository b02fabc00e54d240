"""The way to a monitor, without SSH: an inventory of @local, and a real Prometheus there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from firstlight.cli.main import cli
from firstlight.errors import FirstlightError
from firstlight.monitor import query
from firstlight.monitor.asking import Session, watching
from firstlight.monitor.query import now
from tests.unit.status import daemon, site

ALONE = {"site": "t", "monitor": {"grafana": {"enabled": False}}}


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "here.py"
    noise = "import os; os.system('echo noise'); print('noise')"
    path.write_text(f'{noise}\nall_ = (["@local"], {ALONE!r})\nmonitor = ["@local"]\n')
    return path


def test_one_session_asks_again_and_again(inventory: Path, tmp_path: Path) -> None:
    port = daemon.free_port()
    ports = {"prometheus": port, "alertmanager": daemon.free_port()}
    # Quotes, newlines, shell and Python alike: a query is data wherever it passes.
    odd = f"label_replace(vector(7), 'x', \"$(id)'`{site.HOSTILE}\", '', '')"
    with Session(str(inventory), ports) as session:
        assert [each.name for each in session.hosts] == ["@local"]
        with pytest.raises(FirstlightError, match="does not answer") as silent:
            session.ask("@local", {"one": now("up")})
        assert str(inventory) in silent.value.fix
        process = session.process
        with daemon.prometheus(tmp_path, {}, port):
            for value in (1.0, 2.0):
                assert session.ask("@local", {"n": now(f"vector({value})")}).number("n") == value
            found = session.ask("@local", {"odd": now(odd), "bad": now("sum(")})
            assert dict(found.series("odd")[0].labels) == {"x": f"$(id)'`{site.HOSTILE}"}
            assert "parse error" in found.error("bad")
        assert session.process is process  # one process, and with it one connection
        process.kill()
        process.wait()
        with pytest.raises(FirstlightError, match="does not answer"):  # and not: pyinfra failed
            session.ask("@local", {"one": now("up")})
    assert session.process.returncode is not None


def test_the_command_says_what_is_wrong(inventory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(query.PORTS, "prometheus", daemon.free_port())
    done = CliRunner().invoke(cli, ["status", str(inventory), "--json"])
    said = json.loads(done.stdout)
    assert done.exit_code == 1 and said["complete"] is False
    assert "Prometheus does not answer" in said["problems"][0]["what"]
    assert CliRunner().invoke(cli, ["status", "none.py"]).exit_code == 2
    wrong = CliRunner().invoke(cli, ["status", "--watch", str(inventory)])
    assert wrong.exit_code == 2 and "INVENTORY comes before it" in wrong.output


def test_a_mistake_in_the_inventory_is_said(inventory: Path) -> None:
    inventory.write_text('monitor = (["@local"], {"monitr": {}})\n')
    with pytest.raises(FirstlightError, match="monitor"):
        Session(str(inventory))
    inventory.write_text("1 / 0\n")
    with pytest.raises(FirstlightError, match="cannot be read") as error:
        Session(str(inventory))
    assert "ZeroDivisionError" in error.value.why


def test_nobody_watches() -> None:
    agent = site.seen("mon1", agent=True)
    with pytest.raises(FirstlightError, match="keeps nothing") as sent:
        watching([agent], {"mon1": agent})
    assert "remote_write" in sent.value.fix
    alone = site.seen("gpu1", monitors=())
    with pytest.raises(FirstlightError, match="nobody watches") as nobody:
        watching([alone], {"gpu1": alone})
    assert 'monitor = ["HOST"]' in nobody.value.fix
