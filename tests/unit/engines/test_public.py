"""A version under another name answers to the one that clients know."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from firstlight.engines.names import adapter_names
from firstlight.secret import revealed
from firstlight.settings import Model
from tests.units import unit_of

Make = Callable[..., Model]
LORA = [{"name": "sql", "weights": "hf://org/sql@" + "4" * 40}]


@pytest.mark.parametrize("engine", ["vllm", "sglang", "llamacpp"])
def test_the_engine_knows_the_public_name(model: Make, engine: str) -> None:
    alone = model(engine=engine)
    unit = unit_of(model(engine=engine, name="next").model_copy(update={"canary_of": alone.name}))
    said = " ".join([*unit.run(), revealed(unit.described.config or "")])
    named = {
        "vllm": "served-model-name:\n- ",
        "sglang": "--served-model-name ",
        "llamacpp": "--alias ",
    }
    assert f"{named[engine]}{alone.name}" in said
    # What stands on the host has its own name: both versions may be there.
    assert unit.name == "firstlight-engine-next.service" and unit.container == "firstlight-next"
    assert "/models/next" in said
    body = json.loads(revealed(unit.watch))["first_token"]["body"]
    assert body["model"] == alone.name


def test_adapters_follow_it(model: Make) -> None:
    served = model(engine="sglang", name="next", lora=LORA)
    assert adapter_names(served.model_copy(update={"canary_of": "qwen"})) == ("qwen:sql",)


def test_triton_looks_for_it_in_the_repository(model: Make) -> None:
    served = model(engine="triton", name="next").model_copy(update={"canary_of": "llama"})
    (check,) = json.loads(revealed(unit_of(served).watch))["checks"]
    assert check["where"] == {"id": "llama"}
