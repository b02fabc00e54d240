"""How a model runs: the container's limits, and each engine's own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from firstlight.engines import ENGINES
from firstlight.engines.flags import as_flags
from firstlight.engines.unit import LABEL, EngineUnit
from firstlight.settings import Model

Make = Callable[..., Model]


def words(model: Model) -> list[str]:
    return EngineUnit(model).run()


def value(words: list[str], flag: str) -> str:
    return words[words.index(flag) + 1]


def values(words: list[str], flag: str) -> list[str]:
    return [words[at + 1] for at, word in enumerate(words) if word == flag]


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_every_container_is_confined(model: Make, engine: str) -> None:
    served = model(engine=engine, memory="4GiB", port=8123)
    run = words(served)
    assert value(run, "--cap-drop") == "ALL"
    assert value(run, "--security-opt") == "no-new-privileges"
    assert "--read-only" in run and "--rm" in run and "--init" in run
    assert value(run, "--user").split(":")[0] not in ("", "0", "root")
    assert int(value(run, "--pids-limit")) > 0
    assert value(run, "--memory") == value(run, "--memory-swap") == str(4 * 2**30)
    assert value(run, "--pull") == "never"
    # Loopback only, and the weights cannot be written.
    published = values(run, "--publish")
    assert len(published) == 1 and published[0].startswith("127.0.0.1:8123:")
    assert f"{EngineUnit(served).weights}:/models/{served.name}:ro" in values(run, "--volume")
    assert served.image in run and "@sha256:" in served.image
    for forbidden in ("--privileged", "--network", "--restart", "--cap-add", "--env-file"):
        assert forbidden not in run


def test_llamacpp_in_full(model: Make) -> None:
    served = model(context=4096, concurrency=4, args={"threads": 2, "mlock": True, "x": False})
    run = words(served)
    assert run[run.index(served.image) + 1 :] == [
        "--model", "/models/tiny/tiny.gguf", "--alias", "tiny", "--host", "0.0.0.0",
        "--port", "8080", "--ctx-size", "16384", "--parallel", "4", "--metrics", "--no-slots",
        "--threads", "2", "--mlock",
    ]  # fmt: skip


def test_llamacpp_in_parts_and_on_gpus(model: Make) -> None:
    run = words(model(gpus=[1, 2], file="q/m-00001-of-00002.gguf"))
    assert value(run, "--n-gpu-layers") == "999"
    assert value(run, "--model") == "/models/tiny/q/m-00001-of-00002.gguf"
    assert values(run, "--device") == ["nvidia.com/gpu=1", "nvidia.com/gpu=2"]


def test_vllm_in_full(model: Make) -> None:
    change = {"args": {"kv-cache-dtype": "fp8"}, "context": 8192, "concurrency": 16}
    unit = EngineUnit(model(engine="vllm", name="qwen", drain_timeout=45, **change))
    run = unit.run()
    assert run[-3:] == [unit.model.image, "--config", "/etc/firstlight/vllm.yaml"]
    assert f"{unit.config_file}:/etc/firstlight/vllm.yaml:ro" in values(run, "--volume")
    assert yaml.safe_load(unit.config or "") == {
        "model": "/models/qwen",
        "served-model-name": ["qwen"],
        "host": "0.0.0.0",
        "port": 8000,
        "max-model-len": 8192,
        "max-num-seqs": 16,
        # Without it a stop leaves open streams hanging.
        "shutdown-timeout": 45,
        "disable-fastapi-docs": True,
        "kv-cache-dtype": "fp8",
    }
    environment = dict(pair.split("=", 1) for pair in values(run, "--env"))
    assert environment["HF_HUB_OFFLINE"] == environment["VLLM_NO_USAGE_STATS"] == "1"


@pytest.mark.parametrize(("gpus", "devices"), [(0, []), ("all", ["nvidia.com/gpu=all"])])
def test_gpus_come_by_cdi(model: Make, gpus: object, devices: list[str]) -> None:
    assert values(words(model(gpus=gpus)), "--device") == devices


def test_no_memory_limit_unless_asked_for(model: Make) -> None:
    assert "--memory" not in words(model())


def test_the_drain_ends_before_the_stop_does(model: Make) -> None:
    unit = EngineUnit(model(drain_timeout=100))
    assert unit.stop_seconds > 100
    assert value(unit.run(), "--stop-timeout") == str(unit.stop_seconds)


@pytest.mark.parametrize(
    "change",
    [
        {"image": "registry.example.net:5000/ggml-org/llama.cpp@sha256:" + "c" * 64},
        {"context": 8192}, {"port": 8200}, {"shm": "2GiB"}, {"memory": "1GiB"}, {"gpus": "all"},
        {"revision": "f" * 40}, {"args": {"threads": 3}}, {"drain_timeout": 61},
    ],
)  # fmt: skip
def test_the_label_says_what_runs(model: Make, change: dict[str, Any]) -> None:
    before, after = EngineUnit(model()), EngineUnit(model(**change))
    assert before.spec() == EngineUnit(model()).spec()
    assert before.spec() != after.spec()
    assert value(after.run(), "--label") == f"{LABEL}={after.spec()}"


def test_the_label_knows_the_configuration_file_too(model: Make) -> None:
    made = [model(engine="vllm", args={"x": number}) for number in (1, 2)]
    assert EngineUnit(made[0]).spec() != EngineUnit(made[1]).spec()


def test_flags() -> None:
    given = {"threads": 2, "mlock": True, "no": False, "f": 0.5, "s": "a b", "zero": 0}
    assert as_flags(given) == [
        "--threads", "2", "--mlock", "--f", "0.5", "--s", "a b", "--zero", "0",
    ]  # fmt: skip
