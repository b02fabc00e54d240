"""How a model runs: the container's limits, and what the label says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firstlight.engines import ENGINES
from firstlight.engines.flags import as_flags
from firstlight.engines.unit import LABEL
from firstlight.settings import Model
from firstlight.weights.wants import wants
from tests.units import unit_of

Make = Callable[..., Model]


def words(model: Model) -> list[str]:
    return unit_of(model).run()


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
    # The Python of TGI's image stands in root's home, so nobody else can run it.
    unprivileged = value(run, "--user").split(":")[0] not in ("", "0", "root")
    assert unprivileged is not (engine == "tgi")
    assert int(value(run, "--pids-limit")) > 0
    assert value(run, "--memory") == value(run, "--memory-swap") == str(4 * 2**30)
    assert value(run, "--pull") == "never"
    # A network of its own, no port on the host, and the weights cannot be written.
    assert values(run, "--network") == ["fl-8123"]
    assert value(run, "--ip") == value(run, "--dns") == "198.18.126.238"
    (want,) = wants(served)
    assert f"{want.folder}:/models/{served.name}:ro" in values(run, "--volume")
    assert served.image in run and "@sha256:" in served.image
    for forbidden in ("--privileged", "--publish", "-p", "--restart", "--cap-add", "--env-file"):
        assert forbidden not in run


@pytest.mark.parametrize(("gpus", "devices"), [(0, []), ("all", ["nvidia.com/gpu=all"])])
def test_gpus_come_by_cdi(model: Make, gpus: object, devices: list[str]) -> None:
    assert values(words(model(gpus=gpus)), "--device") == devices


def test_no_memory_limit_unless_asked_for(model: Make) -> None:
    assert "--memory" not in words(model())


def test_the_drain_ends_before_the_stop_does(model: Make) -> None:
    unit = unit_of(model(drain_timeout=100))
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
    before, after = unit_of(model()), unit_of(model(**change))
    assert before.spec() == unit_of(model()).spec()
    assert before.spec() != after.spec()
    assert value(after.run(), "--label") == f"{LABEL}={after.spec()}"


def test_the_label_knows_the_configuration_file_too(model: Make) -> None:
    made = [model(engine="vllm", args={"x": number}) for number in (1, 2)]
    assert unit_of(made[0]).spec() != unit_of(made[1]).spec()


def test_flags() -> None:
    given = {"threads": 2, "mlock": True, "no": False, "f": 0.5, "s": "a b", "zero": 0}
    assert as_flags(given) == [
        "--threads", "2", "--mlock", "--f", "0.5", "--s", "a b", "--zero", "0",
    ]  # fmt: skip
