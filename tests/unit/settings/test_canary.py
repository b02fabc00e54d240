"""Two versions of a model: which is which, how much goes where, and what clients may rely on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firstlight import keys
from firstlight.settings import HostSettings, SettingsError, load_site
from tests.site import BASES, MODEL

Data = dict[str, Any]
NEXT = {"name": "tiny-next", "canary_of": "tiny", "canary": 5}
LORA = [{"name": "sql", "weights": "hf://org/sql@" + "4" * 40, "file": "sql.gguf"}]


def site(root: Path, *hosts: list[Data]) -> dict[str, HostSettings]:
    """Load hosts gpu0, gpu1 … with a model for each of the changes to :data:`MODEL`."""
    keys.issue(root / ".firstlight/lab/keys/api-keys.toml", "alice")
    inventory = {
        f"gpu{place}": (
            {"site": "lab", "domain": "llm.example.net", "address": f"192.0.2.{place + 1}",
             "models": [BASES.get(each.get("engine", ""), MODEL) | each for each in models]},
            ("gpu",),
        )
        for place, models in enumerate(hosts)
    }  # fmt: skip
    return load_site(inventory, root)


@pytest.mark.parametrize(
    "hosts",
    [
        [[{}, NEXT]],
        [[{}], [NEXT]],
        [[{}], [{"canary": 50}]],
        [[{}], [{}], [{"canary": 5}], [NEXT]],
        [[{"weight": 100}], [{}]],
        [[{"lora": LORA}, NEXT | {"lora": LORA}]],
        [[{"name": "other"}], [{}, NEXT]],
    ],
)
def test_right(tmp_path: Path, hosts: list[list[Data]]) -> None:
    found = site(tmp_path, *hosts)
    last = list(found.values())[-1].models[-1]
    assert last.public == "tiny" and last.name in ("tiny", "tiny-next")


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        (
            [[{"name": "other"}, NEXT]],
            "gpu0: models[1].canary_of: found tiny, expected the name of a model of this inventory",
        ),
        (
            [[{}, NEXT, {"name": "third", "canary_of": "tiny-next", "canary": 5}]],
            "gpu0: models[2].canary_of: found tiny-next, expected a model that is no canary "
            "itself: tiny-next is one of tiny",
        ),
        (
            [[{}, NEXT | {"canary": 0}]],
            "gpu0: models[1].canary: found 0, expected a percentage from 1 to 50: it is a canary "
            "of tiny",
        ),
        (
            [[{"canary": 5}]],
            "gpu0: models[0].canary: found 5, expected a version of tiny without it on this host "
            "or another",
        ),
        (
            [[{}, NEXT, NEXT | {"name": "third"}]],
            "gpu0: models[2].canary: found 5, expected one canary of tiny on a host: models[1] is "
            "one",
        ),
        (
            [[{}, NEXT], [{"canary": 10}]],
            "gpu1: models[0].canary: found 10, expected 5, as on gpu0: both are canaries of tiny",
        ),
        (
            [[{"lora": LORA}, NEXT]],
            "gpu0: models[1].lora: found nothing, expected sql, as tiny on gpu0 has",
        ),
        (
            [[{"engine": "ollama"}], [{"engine": "ollama", "canary_of": "qwen3", "canary": 5,
                                       "name": "next"}]],
            "gpu1: models[0].canary_of: found qwen3, expected nothing: ollama cannot; vllm, "
            "sglang, tgi, triton and llamacpp can",
        ),
        ([[{}, NEXT | {"canary": 51}]],
         "gpu0: models[1].canary: found 51, expected a percentage from 0 to 50"),
        ([[{"weight": 0}]], "gpu0: models[0].weight: found 0, expected a weight from 1 to 100"),
        (
            [[{"native_api": True}]],
            "gpu0: models[0].native_api: found True, expected nothing: llamacpp cannot; ollama can",
        ),
    ],
)  # fmt: skip
def test_wrong(tmp_path: Path, hosts: list[list[Data]], expected: str) -> None:
    with pytest.raises(SettingsError) as refused:
        site(tmp_path, *hosts)
    assert [str(problem) for problem in refused.value.problems] == [expected]
