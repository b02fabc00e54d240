"""How models are spread over GPUs, ports and hosts: what contradicts itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firstlight.settings import HostSettings, Problem
from tests.site import BASES, VLLM

Data = dict[str, Any]
Problems = Callable[..., list[Problem]]
Loader = Callable[..., HostSettings]


def served(data: Data, *changes: Data, **host: Any) -> Data:
    """Return ``data`` with a model of vLLM for each of ``changes``."""
    models = [VLLM | {"name": f"m{n}"} | change for n, change in enumerate(changes)]
    return data | {"models": models, "address": "192.0.2.7", **host}


def texts(found: list[Problem]) -> list[str]:
    """Return the problems but the one that this inventory's only host has no others beside it."""
    told = [str(problem).removeprefix("gpu1: ") for problem in found]
    return [text for text in told if "found 1 host, expected 2 hosts" not in text]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"gpus": 4, "tensor_parallel": 3}, "models[0].tensor_parallel: found tensor_parallel 3, expected sizes that divide 4, the GPUs of one copy (4)"),
        ({"gpus": 4, "tensor_parallel": 2, "pipeline_parallel": 1}, "models[0].tensor_parallel: found tensor_parallel 2 times pipeline_parallel 1, expected sizes that multiply to 4, the GPUs of one copy (4)"),
        ({"gpus": 4, "nodes": 2, "tensor_parallel": 16}, "models[0].tensor_parallel: found tensor_parallel 16, expected sizes that divide 8, the GPUs of one copy (4 on each of 2 hosts)"),
        ({"gpus": [0, 1, 2], "replicas": 2}, "models[0].gpus: found 3 GPUs, expected a multiple of 2: as many for each of the replicas"),
        ({"gpus": [0, 0]}, "models[0].gpus: found GPU 0 more than once, expected each GPU at most once"),
        ({"gpus": 0, "tensor_parallel": 2}, "models[0].tensor_parallel: found 2, expected nothing: gpus is 0"),
        ({"gpus": 0, "gpu_memory_utilization": 0.5}, "models[0].gpu_memory_utilization: found 0.5, expected nothing: gpus is 0"),
        ({"gpus": 0, "nodes": 2}, "models[0].nodes: found 2, expected 1: gpus is 0"),
        ({"gpus": 8, "nodes": 2, "replicas": 2}, "models[0].replicas: found 2, expected 1: a copy over 2 hosts has these hosts' GPUs to itself"),
        ({"executor": "ray"}, "models[0].executor: found ray, expected mp: on one host there is nothing for Ray to join"),
        ({"gpus": 8, "nodes": 2, "port": 29501}, "models[0].port: found 29501, expected another: it is for joining the hosts of one copy"),
        ({"replicas": 2, "port": 65535}, "models[0].port: found 65535, so 65536 for replica 2, expected 2 free ports in a row: there is no such port"),
    ],
)  # fmt: skip
def test_one_model(change: Data, expected: str, data: Data, problems: Problems) -> None:
    assert texts(problems(served(data, change))) == [expected]


@pytest.mark.parametrize(
    "change",
    [
        {"gpus": [0, 1, 2, 3], "replicas": 2, "tensor_parallel": 2},
        {"gpus": 8, "tensor_parallel": 1, "data_parallel": 8, "expert_parallel": True},
        {"gpus": "all", "tensor_parallel": 5},
    ],
)
def test_right_ones(change: Data, data: Data, load: Loader) -> None:
    assert load(served(data, change)).models


def test_right_over_two_hosts(data: Data, problems: Problems) -> None:
    sizes = {"tensor_parallel": 8, "pipeline_parallel": 2}
    assert texts(problems(served(data, {"gpus": 8, "nodes": 2, "executor": "ray", **sizes}))) == []


HALF: Data = {"gpu_memory_utilization": 0.5}
MORE: Data = {"gpu_memory_utilization": 0.6}


@pytest.mark.parametrize(
    ("one", "other", "keys"),
    [
        ({"gpus": [0]}, {"gpus": [0]}, [0, 1]),
        ({"gpus": [0]} | HALF, {"gpus": [0]}, [1]),
        ({"gpus": [0, 1]} | HALF, {"gpus": [1]} | MORE, [0]),
        ({"gpus": "all"} | HALF, {"gpus": 1} | MORE, [0]),
        ({"gpus": "all"}, {"gpus": "all"}, [0, 1]),
    ],
)
def test_two_on_one_card(
    one: Data, other: Data, keys: list[int], data: Data, problems: Problems
) -> None:
    found = texts(problems(served(data, one, other)))
    assert [text.split(":")[0] for text in found] == [
        f"models[{n}].gpu_memory_utilization" for n in keys
    ]


def test_what_the_shares_add_up_to_is_said(data: Data, problems: Problems) -> None:
    models: list[Data] = [{"gpus": [0, 1]} | HALF, {"gpus": [1]} | MORE, {"gpus": [2]}]
    (text,) = texts(problems(served(data, *models)))
    assert "found 1.1 of GPU 1 for models[0] and models[1], expected shares that add up" in text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"gpus": [0]} | HALF, {"gpus": [0]} | HALF),
        ({"gpus": [0]}, {"gpus": [1]}),
        ({"gpus": 1}, {"gpus": 1}),
        ({"gpus": [0]}, {"gpus": 1}),
        ({"gpus": "all"}, {"gpus": 0}),
    ],
)
def test_two_that_get_on(one: Data, other: Data, data: Data, load: Loader) -> None:
    assert len(load(served(data, one, other)).models) == 2


def test_there_are_only_so_many_cards(data: Data, problems: Problems, load: Loader) -> None:
    models: list[Data] = [{"gpus": [0]}, {"gpus": 2}, {"gpus": 2, "replicas": 2}]
    (text,) = texts(problems(served(data, *models, nvidia={"count": 6})))
    assert text == (
        "models[2].gpus: found 4 GPUs (2 replicas), expected at most 3: nvidia.count is 6, others "
        "have the rest"
    )
    assert load(served(data, *models, nvidia={"count": 7})).models
    (text,) = texts(problems(served(data, {"gpus": "all", "replicas": 2}, nvidia={"count": 1})))
    assert text.startswith("models[0].replicas: found 2, expected at most 1, a GPU for each")


def test_replicas_take_the_ports_after_the_first(
    data: Data, problems: Problems, load: Loader
) -> None:
    (text,) = texts(problems(served(data, {"replicas": 3, "gpus": 1}, {"port": 8002, "gpus": 1})))
    assert text == (
        "models[0].port: found 8000, so 8002 for replica 3, expected 3 free ports in a row: "
        "models[1].port has it"
    )
    edge = {"enabled": True, "port": 8001}
    (text,) = texts(problems(served(data, {"replicas": 2, "gpus": 1}, edge=edge)))
    assert "8001 for replica 2" in text and text.endswith("edge.port has it")
    assert load(served(data, {"replicas": 3, "gpus": 1}, {"port": 8003, "gpus": 1})).models
    assert load(served(data, {"replicas": 16, "gpus": 1}, {"replicas": 16, "gpus": 1})).models


@pytest.mark.parametrize(("engine", "right"), [("vllm", False), ("ollama", True)])
def test_a_card_too_old_for_the_engine(
    engine: str, right: bool, data: Data, problems: Problems, load: Loader
) -> None:
    host = data | {"models": [BASES[engine] | {"context": 512}], "nvidia": {"card": "v100"}}
    if right:
        assert load(host).models
        return
    (text,) = [text for text in texts(problems(host)) if ".engine" in text]
    assert "found vllm, which needs 7.5, on Tesla V100" in text and "ollama or llamacpp" in text


def test_no_two_engines_have_one_network(data: Data, problems: Problems, load: Loader) -> None:
    (text,) = texts(problems(served(data, {"gpus": 1}, {"port": 8000 + 32768, "gpus": 1})))
    assert text == (
        "models[1].port: found 40768, exactly 32768 from 8000 of models[0], expected another port: "
        "the two engines would have one network"
    )
    (text,) = texts(problems(served(data, {"replicas": 3, "gpus": 1}, {"port": 40770, "gpus": 1})))
    assert text.startswith("models[1].port: found 40770, exactly 32768 from 8002 of models[0]")
    assert load(served(data, {"gpus": 1}, {"port": 8000 + 32769, "gpus": 1})).models
