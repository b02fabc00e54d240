"""From a bare host to the first token, and the run after it, which has nothing to do."""

from __future__ import annotations

import json
import re

import pytest

from tests.lab.first_day import OWNERS_DAEMON, FirstDay
from tests.lab.rack import TestRack, command

RESULT = re.compile(r"Starting operation: (.+?) *\n(?:.*\n)*?    \[lab1\] (Success|No changes)")


@pytest.fixture
def receipt(day: FirstDay, rack: TestRack) -> dict[str, object]:
    found: dict[str, object] = json.loads(
        rack.sh("lab1", "cat /var/lib/firstlight/receipt.json").out
    )
    return found


def said(day: FirstDay, label: str) -> str:
    """Return what the report that ends the first deploy says after ``label``."""
    found = re.search(rf"^ +{label} +(.+)$", day.deploy.text, re.MULTILINE)
    assert found, day.deploy.text
    return found[1]


def test_a_dry_run_on_a_bare_host_works_and_changes_nothing(day: FirstDay) -> None:
    assert day.dry.code == 0, day.dry.text
    assert day.after_dry == day.bare
    assert len(day.bare) > 5000


def test_the_dry_run_names_what_the_deploy_then_does(day: FirstDay) -> None:
    results = dict(RESULT.findall(day.deploy.text))
    done = [name for name, result in results.items() if result == "Success"]
    assert len(done) >= 12
    missing = [
        name for name in done if not re.search(rf"{re.escape(name)} +1 \(lab1\)", day.dry.text)
    ]
    assert missing == []


def test_the_deploy_ends_with_where_it_serves_and_how_long_it_took(day: FirstDay) -> None:
    assert day.deploy.code == 0, day.deploy.text
    assert said(day, "URL") == "https://lab1.firstlight.internal/v1"
    assert said(day, "receipt") == "/var/lib/firstlight/receipt.json on lab1"
    phases = re.findall(r"([a-z ]+?) \d+\.\d s", said(day, "phases"))
    assert [phase.strip() for phase in phases] == [
        "connect", "packages", "image", "weights", "engine start", "edge", "first token",
    ]  # fmt: skip
    assert "tiny: first token after" in day.deploy.text


def test_the_curl_line_streams_when_it_is_pasted(day: FirstDay) -> None:
    line = said(day, "try")
    assert "fl_demo" not in line
    run = command("bash", "-c", line)
    events = [part for part in run.out.split("\n\n") if part]
    assert run.code == 0, run.text
    assert len(events) > 10
    assert all(event.startswith("data: ") for event in events)
    assert events[-1] == "data: [DONE]"


def test_the_receipt_says_what_serves(receipt: dict[str, object], rack: TestRack) -> None:
    model, wanted = receipt["models"][0], rack.model()  # type: ignore[index]
    assert {key: model[key] for key in ("name", "engine", "image")} == {
        key: wanted[key] for key in ("name", "engine", "image")
    }
    assert model["weights"] == f"hf://{wanted['repo']}@{wanted['revision']}"
    assert model["instances"] == ["tiny"]
    assert receipt["schema"] == 1 and receipt["host"] == "lab1"
    assert {"docker.io", "nginx"} <= set(receipt["packages"])  # type: ignore[call-overload]
    assert sum(receipt["phases"].values()) <= receipt["seconds"]  # type: ignore[attr-defined]
    assert 0 < receipt["first_token_seconds"]["tiny"] < 60  # type: ignore[index]


def test_the_second_run_has_nothing_to_do(day: FirstDay) -> None:
    assert day.again.code == 0, day.again.text
    assert day.totals["success"] == day.totals["error"] == 0
    assert day.totals["no_change"] == day.totals["hosts"] >= 15


def test_the_second_run_restarts_and_rewrites_nothing(day: FirstDay) -> None:
    assert day.after_again == day.deployed
    text = "\n".join(day.deployed)
    assert re.search(r"^[0-9a-f]{64} /firstlight-tiny running ", text, re.MULTILINE)
    for unit in ("docker", "nginx", "firstlight-engine-tiny"):
        assert f"Id={unit}.service" in text
    assert len(re.findall(r"^/proc/\d+/comm$", text, re.MULTILINE)) >= 2  # nginx, its workers


def test_the_second_run_takes_few_commands(day: FirstDay, rack: TestRack) -> None:
    counted = day.traffic[rack.address("lab1")]
    assert 10 < counted["execs"] <= 40
    assert counted["bytes_out"] < 200_000


def test_docker_settings_of_others_are_kept(day: FirstDay, rack: TestRack) -> None:
    found = json.loads(rack.sh("lab1", "cat /etc/docker/daemon.json").out)
    assert found["labels"] == OWNERS_DAEMON["labels"]
    assert found["features"] == {"cdi": True} and found["ip"] == "127.0.0.1"
    assert set(found["log-opts"]) == {"max-size", "max-file"}
