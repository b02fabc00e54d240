"""vLLM's exact configuration and environment, against the source of 0.33.0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import yaml

from firstlight.engines.instance import Instance, Node
from firstlight.engines.vllm import ENGINE, RANKS
from firstlight.secret import revealed
from firstlight.settings import Model
from tests.unit.engines.golden import expect
from tests.units import instances_of

Make = Callable[..., Model]
HF = "hf://org/adapter@" + "4" * 40
LORA: list[dict[str, Any]] = [
    {"name": "sql", "weights": HF, "rank": 24},
    {"name": "de", "weights": HF},
]
DRAFT = {"method": "eagle3", "tokens": 3, "draft": {"weights": HF}}
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "replicas": {"gpus": 2, "replicas": 2},
    "shared": {"gpus": [0], "gpu_memory_utilization": 0.45, "kv_cache_dtype": "fp8"},
    "lora": {"lora": LORA},
    "speculative": {"speculative": DRAFT, "quantization": "awq_marlin"},
    "parsers": {"tool_parser": "hermes", "reasoning_parser": "qwen3", "media_domains": ["img.example.net"]},
    "experts": {"gpus": 8, "tensor_parallel": 1, "data_parallel": 8, "expert_parallel": True},
}  # fmt: skip


def config(instance: Instance) -> dict[str, Any]:
    return dict(yaml.safe_load(revealed(ENGINE.container(instance).config or "")))


def over_two_hosts(alone: Model, **change: Any) -> tuple[Instance, ...]:
    """Return both nodes of a copy with four GPUs on each host."""
    model = alone.model_copy(update={"gpus": 4, "nodes": 2, **change})
    nodes = [Node(rank, 2, "192.0.2.1", f"192.0.2.{rank + 1}") for rank in (0, 1)]
    gpus = ("0", "1", "2", "3")
    return tuple(
        Instance(model, 0, model.port, gpus, 4, tensor=4, pipeline=2, node=node) for node in nodes
    )


@pytest.mark.parametrize("case", list(CASES))
def test_in_full(model: Make, case: str) -> None:
    expect(f"vllm-{case}", instances_of(model(engine="vllm", **CASES[case])))


@pytest.mark.parametrize("executor", ["mp", "ray"])
def test_over_two_hosts(model: Make, executor: str) -> None:
    made = over_two_hosts(model(engine="vllm"), executor=executor)
    expect(f"vllm-two-hosts-{executor}", made)


def test_only_the_first_node_answers(model: Make) -> None:
    head, worker = map(config, over_two_hosts(model(engine="vllm")))
    assert "headless" not in head and worker["headless"] is True
    assert head["master-addr"] == worker["master-addr"] == "192.0.2.1"
    # With the host's network, an address of all interfaces would be one of the site's.
    assert head["host"] == worker["host"] == "127.0.0.1"


def test_nothing_secret_and_no_long_line_in_the_process_list(model: Make) -> None:
    (instance,) = instances_of(model(engine="vllm", lora=LORA, speculative=DRAFT))
    assert ENGINE.container(instance).command == ("--config", "/etc/firstlight/vllm.yaml")


def test_media_come_from_nowhere_unless_declared(model: Make) -> None:
    """An empty list would mean anywhere, and vLLM's reader drops empty lists besides."""
    (closed,) = instances_of(model(engine="vllm"))
    assert config(closed)["allowed-media-domains"] == ["nowhere.invalid"]
    (some,) = instances_of(model(engine="vllm", media_domains=["a.example.net"]))
    assert config(some)["allowed-media-domains"] == ["a.example.net"]
    assert ENGINE.container(closed).environment["VLLM_MEDIA_URL_ALLOW_REDIRECTS"] == "0"


@pytest.mark.parametrize(
    ("data", "queue", "seqs", "limit"), [(1, None, 32, 96), (1, 0, 32, 32), (8, 10, 4, 42)]
)
def test_admission(model: Make, data: int, queue: int | None, seqs: int, limit: int) -> None:
    (instance,) = instances_of(model(engine="vllm", queue=queue, concurrency=32))
    found = config(replace(instance, data=data))
    assert (found["max-num-seqs"], found["max-num-queued-reqs"]) == (seqs, limit)


@pytest.mark.parametrize(("rank", "found"), [(1, 1), (2, 8), (16, 16), (24, 32), (321, 512)])
def test_ranks_that_there_are(model: Make, rank: int, found: int) -> None:
    (instance,) = instances_of(model(engine="vllm", lora=[LORA[1] | {"rank": rank}]))
    assert config(instance)["max-lora-rank"] == found and found in RANKS


def test_many_adapters_wait_in_host_memory(model: Make) -> None:
    many = [{"name": f"a{n}", "weights": HF} for n in range(12)]
    (instance,) = instances_of(model(engine="vllm", lora=many))
    found = config(instance)
    assert (found["max-loras"], found["max-cpu-loras"], len(found["lora-modules"])) == (8, 12, 12)


def test_adapters_cannot_be_changed_by_clients(model: Make) -> None:
    (instance,) = instances_of(model(engine="vllm", lora=LORA))
    environment = ENGINE.container(instance).environment
    assert not {"VLLM_ALLOW_RUNTIME_LORA_UPDATING", "VLLM_SERVER_DEV_MODE"} & set(environment)
    assert not [path for path in ENGINE.paths if "lora" in path or "tokenize" in path]


def test_compiled_kernels_belong_to_model_and_image(model: Make) -> None:
    images = ["docker.io/vllm/vllm-openai@sha256:" + digit * 64 for digit in "ab"]
    volumes = {
        ENGINE.container(instances_of(model(engine="vllm", image=image))[0]).volumes[0]
        for image in images
    }
    assert volumes == {f"firstlight-cache-qwen3-8b-{d * 12}:/home/vllm/.cache" for d in "ab"}
