"""A host that goes from engine to engine, to vLLM at last: once, for both files here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.rack import LAB, Run, TestRack, firstlight

HOST = "lab1"
SIMULATED = ("ollama", "sglang", "tgi", "triton")
# vLLM comes last: its start takes longest, and test_vllm.py goes on with it.
ORDER = (*SIMULATED, "llamacpp", "vllm")


@pytest.fixture(scope="package")
def lab(deployed: TestRack) -> Iterator[TestRack]:
    """The lab with every engine's image; its host is back on llama.cpp afterwards."""
    words = ("--name", LAB, "--hosts", "2", "--engine", ",".join(ORDER))
    firstlight("lab", "up", *words, timeout=1800)
    yield TestRack.load()
    run = deployed.deploy(HOST)
    assert run.code == 0, run.text
    left = "cat /etc/systemd/system/firstlight-engine-tiny.service; ls /etc/firstlight/engines"
    found = deployed.sh(HOST, left).out
    assert "llama.cpp@sha256" in found
    assert "vllm" not in found and "tiny.yaml" not in found
    image, running = (
        deployed.model()["image"],
        "docker inspect -f '{{.Config.Image}}' $(docker ps -aq)",
    )
    assert deployed.sh(HOST, running).out.split() == [image]
    assert deployed.client(HOST).answers()


@pytest.fixture(scope="package")
def settings(lab: TestRack) -> dict[str, object]:
    """vLLM with a context long enough for a stream that goes on when something happens."""
    return {"models": [lab.model("vllm", context=16384, drain_timeout=120)]}


@pytest.fixture(scope="package")
def on_vllm(lab: TestRack, settings: dict[str, object]) -> Run:
    """The run that put vLLM in the place of llama.cpp."""
    run = lab.deploy(HOST, data=settings)
    assert run.code == 0, run.text
    return run
