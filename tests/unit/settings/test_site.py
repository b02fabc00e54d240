"""Hosts that serve one copy of a model together: how many, where, and that they agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firstlight import keys
from firstlight.settings import HostSettings, SettingsError, load_site
from tests.site import VLLM

Data = dict[str, Any]


def site(root: Path, *hosts: Data) -> dict[str, HostSettings]:
    keys.issue(root / ".firstlight/lab/keys/api-keys.toml", "alice")
    base = {"site": "lab", "domain": "llm.example.net", "address": "192.0.2.1"}
    inventory = {}
    for place, change in enumerate(hosts):
        model = VLLM | {"gpus": 8, "nodes": 2} | change.pop("model", {})
        inventory[f"gpu{place}"] = ({**base, "models": [model], **change}, ("gpu",))
    return load_site(inventory, root)


def test_two_hosts_for_one_copy(tmp_path: Path) -> None:
    assert list(site(tmp_path, {}, {"address": "192.0.2.2"})) == ["gpu0", "gpu1"]


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        (
            [{}],
            "gpu0: models[0].nodes: found 1 host, expected 2 hosts, or a multiple of it, that "
            "declare qwen3-8b with nodes 2",
        ),
        (
            [{}, {}, {}],
            "gpu2: models[0].nodes: found 3 hosts, expected 2 hosts, or a multiple of it, that "
            "declare qwen3-8b with nodes 2",
        ),
        (
            [{}, {"model": {"context": 4096}}],
            "gpu1: models[0].context: found another value, expected the same as on gpu0: the "
            "hosts serve one copy together",
        ),
        (
            [{}, {"address": "gpu1.example.net"}],
            "gpu1: address: found gpu1.example.net, expected an IP address of the hosts' private "
            "network: they join by it",
        ),
    ],
)
def test_they_have_to_agree(tmp_path: Path, hosts: list[Data], expected: str) -> None:
    with pytest.raises(SettingsError) as refused:
        site(tmp_path, *[dict(host) for host in hosts])
    assert [str(problem) for problem in refused.value.problems] == [expected]
