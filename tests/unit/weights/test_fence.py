"""What the step that fetches weights may reach: which hosts, and the rules that are made of them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from firstlight.catalogue.hubs import public_hubs
from firstlight.settings import HostSettings
from firstlight.weights import fence
from firstlight.weights.reach import reached
from firstlight.weights.source import Source
from firstlight.weights.wants import Want, wants
from tests.site import Load
from tests.stubs import Stubs

SUM = "sha256:" + "0" * 64
COMMIT = "0" * 40


@pytest.mark.parametrize(
    ("source", "words", "expected"),
    [
        (f"https://files.example.net:8443/q/@{SUM}", {}, [("files.example.net", 8443)]),
        (f"http://files.internal/q.gguf@{SUM}", {}, [("files.internal", 80)]),
        (f"s3://models/q/@{SUM}", {}, [("s3.us-east-1.amazonaws.com", 443)]),
        (f"s3://models/q/?region=eu-west-3@{SUM}", {}, [("s3.eu-west-3.amazonaws.com", 443)]),
        (f"s3://models/q/@{SUM}", {"hub": "http://[fd00::7]:9000"}, [("fd00::7", 9000)]),
        (f"hf://a/b@{COMMIT}", {"hub": "http://10.0.0.1:8090"}, [("10.0.0.1", 8090)]),
        (
            f"hf://a/b@{COMMIT}",
            {"hub": "https://hub.internal", "hub_hosts": ("cdn.internal",)},
            [("hub.internal", 443), ("cdn.internal", 443)],
        ),
        (f"file:///mnt/usb/q/@{SUM}", {}, []),
    ],
)
def test_a_fetch_reaches_its_hub(
    source: str, words: dict[str, Any], expected: list[tuple[str, int]]
) -> None:
    assert list(reached(Want("q", Source.parse(source), **words))) == expected


@pytest.mark.parametrize("source", [f"hf://a/b@{COMMIT}", f"ollama://qwen3:8b@{SUM}"])
def test_a_public_hub_is_reached_with_its_content(source: str) -> None:
    first, *further = reached(Want("q", Source.parse(source)))
    row = public_hubs()[source.partition(":")[0]]
    assert row.url == f"https://{first[0]}" and first[1] == 443
    assert further == [(host, 443) for host in row.content] and row.checked


def test_the_setting_names_further_hosts(load: Load) -> None:
    loaded: HostSettings = load({"hub": "https://hub.internal", "hub_hosts": ["cdn.internal"]})
    (want,) = wants(loaded.models[0])
    assert reached(want)[1] == ("cdn.internal", 443)


PINS = [("hub", "10.0.0.1", 8090), ("cdn", "fd00::2", 443), ("cdn", "10.0.0.3", 443)]


def test_the_rules_are_for_one_user_and_end_in_a_refusal() -> None:
    text = fence.ruleset({989: PINS})
    assert "meta skuid 989 jump user_989" in text and "policy accept" in text
    inner = text[text.index("chain user_989") :].splitlines()[1:4]
    assert [line.strip() for line in inner] == [
        "ip daddr . tcp dport { 10.0.0.1 . 8090, 10.0.0.3 . 443 } accept",
        "ip6 daddr . tcp dport { fd00::2 . 443 } accept",
        'counter reject comment "fetch: not what it was let out for"',
    ]
    # Loopback, a name server, metadata: nothing is let through that is no hub's.
    assert text.count("accept") == 3 and "53" not in text and '"lo"' not in text


def test_without_an_address_everything_is_refused() -> None:
    inner = fence.ruleset({989: []}).partition("chain user_989")[2]
    assert "accept" not in inner and "reject" in inner


def test_names_are_found_without_a_name_server() -> None:
    assert fence.hosts_file([*PINS, ("10.0.0.9", "10.0.0.9", 80)]) == (
        "127.0.0.1 localhost\n10.0.0.1 hub\n10.0.0.3 cdn\nfd00::2 cdn\n"
    )


def test_steps_at_a_time_share_and_the_last_one_takes_it_away(
    stubs: Stubs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubs.add("nft", f"cat >{tmp_path}/loaded")
    monkeypatch.setenv("PATH", stubs.env["PATH"])
    folder, loaded = tmp_path / "run", tmp_path / "loaded"
    fence.up(folder, "one", {"reach": [["127.0.0.1", 1]]}, os.getuid())
    fence.up(folder, "two", {"reach": [["127.0.0.2", 2], ["nowhere.invalid", 3]]}, os.getuid())
    assert "127.0.0.1 . 1, 127.0.0.2 . 2" in loaded.read_text()
    assert json.loads((folder / "two.json").read_text())["pins"] == [["127.0.0.2", "127.0.0.2", 2]]
    fence.down(folder, "one")
    assert "127.0.0.1 . 1" not in loaded.read_text() and "127.0.0.2 . 2" in loaded.read_text()
    fence.down(folder, "two")
    assert loaded.read_text().split() == f"table {fence.TABLE} delete table {fence.TABLE}".split()
    assert [path.name for path in folder.iterdir()] == ["lock"]


def test_without_nft_there_is_no_fetch(
    stubs: Stubs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubs.add("nft", "echo 'Operation not permitted' >&2; exit 1")
    monkeypatch.setenv("PATH", stubs.env["PATH"])
    with pytest.raises(fence.FenceError, match="not permitted"):
        fence.up(tmp_path / "run", "one", {"reach": []}, 0)


def test_a_name_server_that_is_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fence, "LOOK_UP_SECONDS", 0.1)
    monkeypatch.setattr(fence, "looked_up", lambda host, port: __import__("time").sleep(1))
    assert fence.pinned([("a", 1)]) == []


def test_each_user_has_what_is_its_own() -> None:
    first, second = fence.ruleset({5: PINS[:1], 6: PINS[1:]}).split("chain user_6")
    assert "10.0.0.1 . 8090" in first and "10.0.0.1" not in second and "10.0.0.3" not in first


def test_who_serves_answers_those_that_came_and_goes_nowhere_else(
    stubs: Stubs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubs.add("nft", f"cat >{tmp_path}/loaded")
    monkeypatch.setenv("PATH", stubs.env["PATH"])
    job = {"reach": [["127.0.0.1", 9090]], "serves": True}
    fence.up(tmp_path / "run", "one", job, os.getuid())
    inner = (tmp_path / "loaded").read_text().partition(f"chain user_{os.getuid()}")[2]
    assert [line.strip() for line in inner.splitlines()[1:4]] == [
        "ct direction reply accept",
        "ip daddr . tcp dport { 127.0.0.1 . 9090 } accept",
        'counter reject comment "fetch: not what it was let out for"',
    ]
    assert "ct direction" not in fence.ruleset({5: PINS})
