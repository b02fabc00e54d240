"""Whether models fit the cards that a host shows, and what the operator is told of it."""

from __future__ import annotations

from typing import Any

import pytest

from firstlight.models_fit import machines, misfits, remarks, sizes
from firstlight.nvidia.state import Gpu, NvidiaState, PciDevice
from tests.site import VLLM, Load

H100, UNKNOWN = 0x2330, 0x2FFF
LARGE = {
    **VLLM,
    "name": "mistral-large-3-675b",
    "repo": "mistralai/Mistral-Large-3-675B-Instruct-2512",
}


def host(count: int, device: int = 0x2684, mib: int = 0) -> NvidiaState:
    on_bus = tuple(PciDevice(f"0000:0{n}:00.0", device, 0x030000) for n in range(count))
    shown = [Gpu(n, f"GPU-{n}", "card", mib * 2**20, "8.9") for n in range(count) if mib]
    return NvidiaState(gpus_on_bus=on_bus, gpus=tuple(shown))


def test_the_drivers_figure_goes_before_the_catalogues() -> None:
    (bare,) = machines(host(1))
    (read,) = machines(host(1, mib=24000))
    assert (bare.mib, read.mib) == (24564, 24000)
    assert machines(host(1, UNKNOWN)) == []
    assert [each.mib for each in machines(host(1, UNKNOWN, 5000))] == [5000]


@pytest.mark.parametrize(
    ("model", "found", "fits"),
    [
        (VLLM, host(1), True),
        (LARGE, host(8, H100), False),
        (LARGE, host(8, 0x2335), True),
        (VLLM, host(1, mib=12000), False),
        # Nothing is judged of cards that nobody knows, or where there are none of ours.
        (LARGE, host(1, UNKNOWN), True),
        (LARGE, None, True),
    ],
)
def test_what_cannot_start_is_refused(
    load: Load, model: dict[str, Any], found: NvidiaState | None, fits: bool
) -> None:
    settings = load(model)
    refused = misfits(settings, found)
    assert (refused == []) is fits
    if not fits:
        (error,) = refused
        assert "does not fit" in str(error) and "gpu1: models[0]" in str(error)
        assert "fix:" in str(error)


def test_what_starts_is_said_with_its_room(load: Load) -> None:
    (line,) = sizes(load({**VLLM, "context": 8192}), host(1))
    assert line.startswith("qwen3-8b on GeForce RTX 4090: ")
    assert "tokens of KV cache" in line and "requests of 8192 tokens at a time" in line
    assert sizes(load(VLLM), None) == []


def test_a_model_of_unknown_size_is_said(load: Load) -> None:
    unknown = load({**VLLM, "name": "mine", "repo": "somebody/mine"})
    assert any("mine: whether it fits is not known" in text for text in remarks(unknown, host(1)))
    assert not any("not known" in text for text in remarks(unknown, None))
