"""What the edge says of its requests: one line of JSON each, and metrics that Prometheus reads."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.lab.client import CHAT, Client, chat
from tests.lab.rack import TestRack

LOG = "/var/log/firstlight-edge/access.log"
ROTATION = "/etc/logrotate.d/firstlight-edge"
SOCKET = "/run/firstlight-edge.sock"
SCRAPE = f"curl -sf -m 10 --unix-socket {SOCKET} http://edge/metrics"
REQUESTS = "firstlight_edge_requests_total"
TTFT = "firstlight_edge_ttft_seconds_count"

# A rotation asks nginx to open its log anew, and does not wait for that.
LET_GO = f"""
for i in $(seq 100); do
  find /proc/[0-9]*/fd -lname {LOG}.1 2>/dev/null | grep -q . || exit 0
  sleep 0.1
done
exit 1"""

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def client(deployed: TestRack) -> Client:
    return deployed.client("lab1")


def samples(rack: TestRack) -> Samples:
    """What Prometheus would read now, by its own client's parser."""
    families = text_string_to_metric_families(rack.sh("lab1", SCRAPE).out)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def of(found: Samples, name: str, **labels: str) -> float:
    return found.get((name, frozenset(labels.items())), 0)


def lines(rack: TestRack, file: str = LOG) -> list[dict[str, Any]]:
    return [json.loads(line) for line in rack.sh("lab1", f"cat {file}").out.splitlines()]


def test_each_request_is_counted_and_logged_once(deployed: TestRack, client: Client) -> None:
    before, read = samples(deployed), len(lines(deployed))
    assert [*client.stream(8, prompt="a word nobody may read")][-1] == "[DONE]"
    assert client.ask(f"{CHAT}?api_key=hidden", chat(2), authorization="Bearer wrong").status == 401
    assert client.ask("/v1/models").status == 200
    after, new = samples(deployed), lines(deployed)[read:]

    def more(name: str, **labels: str) -> float:
        return of(after, name, **labels) - of(before, name, **labels)

    assert more(REQUESTS, key="firstlight", model="tiny", code="200") == 1
    assert more(REQUESTS, key="firstlight", model="-", code="200") == 1
    assert more(REQUESTS, key="-", model="-", code="401") == 1
    assert more(TTFT, key="firstlight", model="tiny") == 1
    assert of(after, "firstlight_edge_metrics_lost_total") == 0
    # Two workers write: which line comes first is not said.
    assert sorted(line["status"] for line in new) == [200, 200, 401]
    (refused,) = [line for line in new if line["status"] == 401]
    (stream,) = [line for line in new if (line["status"], line["path"]) == (200, CHAT)]
    assert (stream["key"], stream["model"]) == ("firstlight", "tiny")
    assert 0 < stream["ttft"] <= stream["seconds"] and stream["bytes"] > 0
    assert stream["upstream_status"] == "200" and stream["upstream"]
    assert refused["path"] == CHAT and refused["key"] == "" and refused["ttft"] is None
    text = json.dumps(new)
    assert not [word for word in ("hidden", "wrong", "nobody", client.key) if word in text]


def test_sums_outlive_a_reload(deployed: TestRack, client: Client) -> None:
    assert client.ask("/v1/models").status == 200
    before = samples(deployed)
    deployed.sh("lab1", "systemctl reload nginx.service")
    assert client.answers()
    after = samples(deployed)
    kept = [key for key in before if key[0] == REQUESTS]
    assert kept and all(after[key] >= before[key] for key in kept)


def test_no_line_is_lost_in_a_rotation(deployed: TestRack, client: Client) -> None:
    before, sums = len(lines(deployed)), samples(deployed)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(client.ask, "/v1/models") for _ in range(80)]
        deployed.sh("lab1", f"logrotate -f {ROTATION}")
        assert {each.result(timeout=30).status for each in asked} == {200}
    deployed.sh("lab1", LET_GO)
    assert client.ask("/v1/models").status == 200
    new, old = lines(deployed), lines(deployed, f"{LOG}.1")
    assert len(new) + len(old) == before + 81
    assert new and new[-1]["path"] == "/v1/models"
    # Nor is one lost between the workers, who count at the same time.
    counted = {"key": "firstlight", "model": "-", "code": "200"}
    assert of(samples(deployed), REQUESTS, **counted) - of(sums, REQUESTS, **counted) == 81


def test_the_log_is_for_root_and_nginx_and_bounded(deployed: TestRack) -> None:
    seen = deployed.sh("lab1", f"stat -c '%a %U %G' {LOG} $(dirname {LOG})").out.splitlines()
    assert seen == ["640 www-data adm", "750 root www-data"]
    timer = deployed.sh("lab1", "systemctl show -p TimersCalendar --value logrotate.timer").out
    assert "hourly" in timer or "*-*-* *:00:00" in timer
    outsider = deployed.sh("lab1", f"setpriv --reuid=nobody --clear-groups cat {LOG}", check=False)
    assert outsider.code != 0 and "Permission denied" in outsider.text
