"""What a release logs and counts: its files, and the counting itself where Node.js can run it."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from firstlight.edge import measure

FOLDER = "/etc/nginx/firstlight/releases/0123456789abcdef"
STAND_IN = Path(__file__).with_name("measure_stand_in.mjs").read_text()
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="no Node.js")


def test_the_files_of_a_release() -> None:
    files = measure.files(FOLDER)
    assert set(files) == {"log.conf", "measure.conf", "metrics.conf", "measure.js", "metrics.js"}
    assert f"js_import measure from {FOLDER}/measure.js;" in files["log.conf"]
    # Another release's zone of the same name and size is the same zone: its sums are kept.
    zone = "js_shared_dict_zone zone=firstlight_metrics:8m type=number;"
    assert zone in files["log.conf"] and zone in measure.files("/elsewhere")["log.conf"]


def log_format() -> str:
    text = measure.files(FOLDER)["log.conf"]
    return "".join(re.findall(r"'([^']*)'", text[text.index("log_format") :]))


def test_a_line_of_the_log_is_json() -> None:
    values = {"logged_ttft": "null", "bytes_sent": "12", "request_time": "0.250"}
    numbers = {"logged_status", "request_length"} | set(values)
    line = re.sub(r'"\$\w+"', '"x"', log_format())
    assert set(re.findall(r":\$(\w+)", line)) == numbers
    line = re.sub(r"\$(\w+)", lambda found: values.get(found[1], "7"), line)
    assert json.loads(line)["seconds"] == 0.25


def test_no_secret_is_in_the_log() -> None:
    named = set(re.findall(r"\$(\w+)", log_format()))
    # The query may hold one, the headers and the body do.
    spoken = ("http_", "arg", "request_uri", "query", "request_body", "cookie", "sent_http")
    assert not [name for name in named if name.startswith(spoken)]
    assert named >= {"who", "model", "request_id", "logged_path", "remote_addr"}
    assert "request" not in named and "uri" not in named


def counted(tmp_path: Path, *requests: dict[str, Any], room: int = 100_000) -> str:
    """What Prometheus would read after ``requests``; the zone has ``room`` for so many sums."""
    for name, text in measure.files(str(tmp_path)).items():
        (tmp_path / name).write_text(text)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "run.js").write_text(STAND_IN)
    given = json.dumps({"requests": requests, "room": room})
    words = ["node", str(tmp_path / "run.js")]
    done = subprocess.run(
        words, input=given, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def values(text: str, name: str) -> dict[str, float]:
    found = re.findall(rf"^{name}(\{{.*\}}|) (\S+)$", text, re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def request(**changes: Any) -> dict[str, Any]:
    usual = {"who": "demo", "model": "tiny", "status": "200", "upstream_status": "200"}
    sizes = {"bytes_sent": "10", "request_length": "5", "request_time": "1.5", "ttft": "0.300"}
    return {**usual, **sizes, **changes}


@needs_node
def test_requests_are_counted_by_key_model_and_status(tmp_path: Path) -> None:
    text = counted(tmp_path, request(), request(), request(status="429", upstream_status=""))
    who = 'key="demo",model="tiny"'
    assert values(text, "firstlight_edge_requests_total") == {
        f'{{{who},code="200"}}': 2, f'{{{who},code="429"}}': 1,
    }  # fmt: skip
    assert values(text, "firstlight_edge_sent_bytes_total") == {f"{{{who}}}": 30}
    # What no instance was asked for has no latency.
    assert values(text, "firstlight_edge_ttft_seconds_count") == {f"{{{who}}}": 2}
    buckets = values(text, "firstlight_edge_ttft_seconds_bucket")
    assert buckets[f'{{{who},le="0.25"}}'] == 0
    assert buckets[f'{{{who},le="0.5"}}'] == buckets[f'{{{who},le="+Inf"}}'] == 2
    assert math.isclose(values(text, "firstlight_edge_request_seconds_sum")[f"{{{who}}}"], 3.0)


@needs_node
def test_a_second_instance_is_a_retry(tmp_path: Path) -> None:
    text = counted(tmp_path, request(upstream_status="502, 200"), request(upstream_status="-"))
    assert list(values(text, "firstlight_edge_retries_total").values()) == [1]


@needs_node
def test_who_is_nobody_and_what_is_odd(tmp_path: Path) -> None:
    nobody = request(who="", model="", status="401", upstream_status="", ttft="")
    text = counted(tmp_path, nobody, request(who='a"b\\c\n\td', model="org/m:1"))
    labels = set(values(text, "firstlight_edge_requests_total"))
    assert labels == {
        '{key="-",model="-",code="401"}', r'{key="a\"b\\c__d",model="org/m:1",code="200"}',
    }  # fmt: skip


@needs_node
def test_labels_are_bounded(tmp_path: Path) -> None:
    named = [request(who=f"key{number}") for number in range(350)]
    subjects = [request(who=f"jwt:{number}") for number in range(150)]
    models = [request(who="late", model=f"m{number}") for number in range(150)]
    text = counted(tmp_path, *named, *subjects, *models)
    found = values(text, "firstlight_edge_requests_total")
    assert found['{key="other",model="tiny",code="200"}'] == 50
    assert found['{key="jwt:other",model="tiny",code="200"}'] == 50
    assert found['{key="other",model="other",code="200"}'] == 51
    assert len(found) == 300 + 100 + 2 + 99 + 1 and sum(found.values()) == 650


@needs_node
def test_what_has_no_room_is_counted_as_lost(tmp_path: Path) -> None:
    text = counted(tmp_path, *[request(who=f"key{number}") for number in range(9)], room=40)
    assert values(text, "firstlight_edge_metrics_lost_total")[""] > 0
    assert values(text, "firstlight_edge_requests_total")
