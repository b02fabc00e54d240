"""Ollama (SIMULATED) on a SIMULATED card: served from GPU memory, and never half from the CPU's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from firstlight.lab.inventory import lab_inventory
from tests.lab.gpu_rack import NAME, GpuRack, up
from tests.lab.rack import Run, command
from tests.lab.standing import ADDRESS

HOST, UNIT = "lab1", "firstlight-engine-tiny.service"
# What the next run of the GPU layer would find in its way.
AWAY = f"systemctl disable --now {UNIT} nginx; rm -f /etc/systemd/system/{UNIT}; systemctl daemon-reload"


@pytest.fixture
def lab(card: GpuRack) -> Iterator[GpuRack]:
    """The lab with Ollama's image; its engine and edge are gone afterwards."""
    up("--engine", "ollama")
    yield GpuRack.load()
    card.sh(HOST, AWAY, check=False)


def deployed(lab: GpuRack, **changes: Any) -> Run:
    """Deploy the whole stack with Ollama; ``changes`` are laid over the model's settings."""
    (model,) = dict(lab_inventory(NAME, "ollama"))[HOST]["models"]
    assert model["gpus"] == "all"
    words = lab.pyinfra_words(HOST, "-y", data={"models": [{**model, **changes}]})
    return command(*words, timeout=400, FIRSTLIGHT_LAB=NAME, ENGINE="ollama")


def loaded(lab: GpuRack) -> dict[str, Any]:
    """The one model that Ollama has in memory."""
    (found,) = json.loads(lab.sh(HOST, f"curl -fsS http://{ADDRESS}:11434/api/ps").out)["models"]
    return dict(found)


def test_a_model_that_does_not_fit_is_no_slow_success(lab: GpuRack) -> None:
    run = deployed(lab)
    assert run.code == 0, run.text
    assert "tiny: first token after" in run.text
    # By its UUID: numbers change with the order in which the driver finds its cards.
    assert "--device nvidia.com/gpu=GPU-" in lab.sh(HOST, f"systemctl cat {UNIT}").out
    model = loaded(lab)
    assert model["size_vram"] == model["size"] > 0
    assert model["expires_at"] > "2100"  # it stays

    spilling = deployed(lab, image=lab.state.extras["variants"]["ollama"]["spilling"])
    assert spilling.code != 0
    assert "not wholly in GPU memory" in spilling.text, spilling.text
    assert "Traceback" not in spilling.text
    model = loaded(lab)  # the build that serves it from the card is back
    assert model["size_vram"] == model["size"] > 0
    assert lab.client(HOST).answers(30)
