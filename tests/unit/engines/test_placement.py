"""Which copies run where: GPUs divided, parallel sizes decided, hosts joined."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from firstlight.engines.instance import Instance, Node
from firstlight.engines.placement import placed, sizes
from firstlight.settings import Model
from tests.units import instances_of, unit_of

Make = Callable[..., Model]
VLLM = {"engine": "vllm", "name": "a"}


def gpus(instances: tuple[Instance, ...]) -> list[str]:
    return [",".join(each.gpus) for each in instances]


@pytest.mark.parametrize(
    ("models", "cards", "expected"),
    [
        ([{"gpus": 0}], 0, [""]),
        ([{"gpus": "all"}], 2, ["all"]),
        ([{"gpus": "all"}], None, ["all"]),
        ([{"gpus": 4}], 8, ["0,1,2,3"]),
        ([{"gpus": 4, "replicas": 2}], 8, ["0,1,2,3", "4,5,6,7"]),
        ([{"gpus": "all", "replicas": 2}], 8, ["0,1,2,3", "4,5,6,7"]),
        ([{"gpus": [2, 3, 6, 7], "replicas": 2}], 8, ["2,3", "6,7"]),
        # A count takes what no list names, whichever comes first.
        ([{"gpus": 2}, {"gpus": [0]}, {"gpus": 1}], 4, ["1,2", "0", "3"]),
        # Two that share a card say so by its number.
        ([{"gpus": [0]}, {"gpus": [0]}], 1, ["0", "0"]),
    ],
)
def test_gpus_are_divided(
    model: Make, models: list[dict[str, Any]], cards: int | None, expected: list[str]
) -> None:
    made = [
        model(**{**VLLM, "name": f"m{place}", "port": 8000 + 10 * place, **each})
        for place, each in enumerate(models)
    ]  # fmt: skip
    assert gpus(instances_of(*made, cards=cards)) == expected


def test_replicas_have_names_and_ports_of_their_own(model: Make) -> None:
    made = instances_of(model(**VLLM, gpus=1, replicas=3, port=8100), cards=4)
    assert [(each.name, each.port) for each in made] == [
        ("a", 8100), ("a.2", 8101), ("a.3", 8102),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "cards", "expected"),
    [
        ({}, 1, (1, 1, 1)),
        ({}, 0, (1, 1, 1)),  # nobody knows how many cards there are
        ({}, 8, (8, 1, 1)),
        ({"pipeline_parallel": 2}, 8, (4, 2, 1)),
        ({"data_parallel": 4}, 8, (2, 1, 4)),
        ({"tensor_parallel": 2, "data_parallel": 4}, 8, (2, 1, 4)),
        ({"nodes": 2}, 8, (8, 2, 1)),
        ({"nodes": 2, "pipeline_parallel": 1}, 8, (16, 1, 1)),
        ({"engine": "llamacpp"}, 2, (1, 1, 1)),  # spreads layers by itself
    ],
)
def test_parallel_sizes(
    model: Make, change: dict[str, Any], cards: int, expected: tuple[int, int, int]
) -> None:
    file = {"file": "x.gguf"} if change.get("engine") == "llamacpp" else {}
    nodes = change.pop("nodes", 1)
    made = model(**{**VLLM, **file, **change}).model_copy(update={"nodes": nodes})
    assert sizes(made, cards) == expected


def site(model: Model, *names: str) -> dict[str, Any]:
    return {
        name: SimpleNamespace(name=name, models=(model,), reached_at=f"{name}.example.net")
        for name in names
    }


def test_hosts_join_in_the_order_of_the_inventory(model: Make) -> None:
    hosts = site(model(**VLLM, gpus=8).model_copy(update={"nodes": 2}), "b", "a", "d", "c")
    made = {name: placed(cast(Any, host), hosts, 8)[0] for name, host in hosts.items()}
    assert made["b"].node == Node(0, 2, "b.example.net", "b.example.net")
    assert made["a"].node == Node(1, 2, "b.example.net", "a.example.net")
    assert made["c"].node == Node(1, 2, "d.example.net", "c.example.net")
    assert [made[name].leads for name in hosts] == [True, False, True, False]
    assert (made["a"].tensor, made["a"].pipeline) == (8, 2)


def test_gpus_go_by_uuid_where_all_are_known(model: Make) -> None:
    unit = unit_of(model(**VLLM, gpus=[0, 1]))
    assert unit.named({"0": "GPU-a"}) == unit
    named = unit.named({"0": "GPU-a", "1": "GPU-b"})
    assert named.instance.gpus == ("GPU-a", "GPU-b")
    assert "nvidia.com/gpu=GPU-b" in named.run()
    assert named.spec() != unit.spec()


def test_all_gpus_are_named_where_all_are_known(model: Make) -> None:
    unit, uuids = unit_of(model(**VLLM, gpus="all"), cards=2), {"1": "GPU-b", "0": "GPU-a"}
    assert unit.named(uuids).instance.gpus == ("GPU-a", "GPU-b")
    # A card that is divided into instances has no name of its own to containers.
    assert unit.named({"0": "GPU-a"}) == unit
    assert unit_of(model(**VLLM, gpus="all")).named({}).instance.gpus == ("all",)
