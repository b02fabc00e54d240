"""Reports for programs: JSON, SARIF, and exit codes that never call a half-done audit clean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from firstlight.audit import document
from firstlight.audit.asked import Asked
from firstlight.audit.command import Audit
from firstlight.audit.exposure import Seen
from firstlight.audit.finding import Finding
from firstlight.audit.host import Looked
from firstlight.catalogue.controls import controls
from firstlight.cli import audit as cli
from firstlight.errors import FirstlightError

ROOT = Path(__file__).resolve().parents[3]
SEEN = Seen("gpu1", "10.0.0.5", "the control machine", "10.0.0.1", (22,), asked=((1, 65535),))
FINDINGS = (
    Finding("exposed-undeclared", "fail", "gpu1", "TCP 1 answers", "asked", "stop it"),
    Finding("update-reboot", "warn", "gpu1", "a reboot is needed"),
    Finding("user-sudo", "note", "gpu1", "ops becomes root"),
    Finding("sysctl-kptr", "off", "gpu1", "not looked at", "perf is needed here"),
)
GONE = FirstlightError("the host was not looked at", where="gpu2", why="no route")


def report(*findings: Finding, problems: tuple[FirstlightError, ...] = ()) -> Audit:
    looked = {"gpu1": Looked("gpu1", ("gpu1",))}
    return Audit(Asked("inventory.py"), looked, (SEEN,), findings, problems, 1.5)


@pytest.mark.parametrize(
    ("found", "strict", "code"),
    [
        (report(), False, 0),
        (report(*FINDINGS[1:]), False, 0),
        (report(*FINDINGS[1:]), True, 3),
        (report(*FINDINGS), False, 3),
        (report(problems=(GONE,)), False, 1),
        (report(*FINDINGS, problems=(GONE,)), False, 3),
    ],
)
def test_exit_codes(found: Audit, strict: bool, code: int) -> None:
    assert document.exit_code(found, strict) == code
    assert document.as_json(found, strict)["exit"] == code


def test_json_says_everything() -> None:
    said = json.loads(json.dumps(document.as_json(report(*FINDINGS, problems=(GONE,)), False)))
    assert said["schema"] == 1 and said["complete"] is False
    assert said["counts"] == {"fail": 1, "warn": 1, "note": 1, "off": 1}
    (host,) = said["hosts"]
    assert host["seen"][0]["tcp"] == [22]
    assert host["findings"][0]["title"] == controls()["exposed-undeclared"].title
    assert said["problems"] == [{"host": "gpu2", "what": GONE.what, "why": "no route", "fix": ""}]


def test_sarif_is_what_its_readers_need() -> None:
    said: dict[str, Any] = document.sarif(report(*FINDINGS, problems=(GONE,)), False)
    assert said["version"] == "2.1.0" and said["$schema"].startswith("https://")
    (run,) = said["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert all(each["shortDescription"]["text"] and each["help"]["text"] for each in rules)
    for each in run["results"]:
        assert rules[each["ruleIndex"]]["id"] == each["ruleId"]
        assert each["message"]["text"] and each["partialFingerprints"]
        assert each["locations"][0]["logicalLocations"][0]["name"] == "gpu1"
    # "none" is the one level that a result may have whose kind is not "fail".
    kinds = [(each["level"], each.get("kind", "fail")) for each in run["results"]]
    assert kinds == [
        ("error", "fail"), ("warning", "fail"), ("note", "fail"), ("none", "notApplicable"),
    ]  # fmt: skip
    assert run["results"][3]["suppressions"][0]["justification"] == "perf is needed here"
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "gpu2" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_the_command_prints_writes_and_exits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Asked] = []

    def look(what: Asked) -> Audit:
        asked.append(what)
        return report(*FINDINGS, problems=(GONE,))

    monkeypatch.setattr(cli, "look", look)
    inventory, sarif = tmp_path / "inventory.py", tmp_path / "audit.sarif"
    inventory.touch()
    words = [str(inventory), "--ports", "22,8000-8010", "--from", "edge1", "--sarif", str(sarif)]
    done = CliRunner().invoke(cli.audit, words)
    assert done.exit_code == 3, done.output
    assert asked[0].tcp == ((22, 22), (8000, 8010)) and asked[0].vantages == ("edge1",)
    assert "exposed-undeclared" in done.stdout and "fix: stop it" in done.stdout
    assert "gpu2: the host was not looked at" in done.stderr
    assert json.loads(sarif.read_text())["version"] == "2.1.0"
    done = CliRunner().invoke(cli.audit, [str(inventory), "--json"])
    assert json.loads(done.stdout)["exit"] == 3


def refused(*_: object) -> Audit:
    raise AssertionError("nothing is looked at for a command line that is wrong")


def test_a_report_that_cannot_be_written_is_known_before_the_audit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "look", refused)
    (tmp_path / "i.py").touch()
    for place in (tmp_path / "nowhere" / "x.sarif", tmp_path):
        done = CliRunner().invoke(cli.audit, [str(tmp_path / "i.py"), "--sarif", str(place)])
        assert done.exit_code == 2 and "--sarif" in done.output, done.output


def test_a_report_that_fails_late_is_on_stdout_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    (tmp_path / "i.py").touch()

    def look(_: Asked) -> Audit:
        folder.rmdir()
        return report(*FINDINGS)

    monkeypatch.setattr(cli, "look", look)
    done = CliRunner().invoke(
        cli.audit, [str(tmp_path / "i.py"), "--sarif", str(folder / "x.sarif")]
    )
    assert isinstance(done.exception, FirstlightError) and "x.sarif" in str(done.exception)
    assert "exposed-undeclared" in done.stdout


@pytest.mark.parametrize(
    ("inventory", "code"), [("@vagrant", 0), ("gpu1,gpu2", 0), ("inventories/none.py", 2)]
)
def test_inventories_are_what_pyinfra_takes(
    inventory: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "look", lambda _: report())
    done = CliRunner().invoke(cli.audit, [inventory])
    assert done.exit_code == code, done.output


@pytest.mark.parametrize("ports", ["0", "65536", "9-8", "http", "1-", ""])
def test_ports_that_are_none_are_refused(tmp_path: Path, ports: str) -> None:
    (tmp_path / "i.py").touch()
    done = CliRunner().invoke(cli.audit, [str(tmp_path / "i.py"), "--ports", ports])
    assert done.exit_code == 2 and "--ports" in done.output


def test_every_control_that_is_reported_is_in_the_catalogue_and_documented() -> None:
    page = (ROOT / "docs" / "audit.md").read_text()
    texts = [path.read_text() for path in (ROOT / "firstlight" / "audit").glob("*.py")]
    ours = {
        name
        for name in controls()
        if name.startswith(("exposed-", "listening-", "egress-", "secret-", "user-", "update-"))
        or name in ("hold-gpu", "firewall-drift", "firewall-changed", "firewall-off")
    }
    assert len(ours) > 15
    for name in ours:
        assert any(f'"{name}"' in text for text in texts), f"{name} is looked at by nobody"
        assert f"`{name}`" in page, f"{name} is not documented"
