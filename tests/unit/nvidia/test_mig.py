"""GPUs divided by MIG: what a declaration means for each of them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from firstlight.nvidia.mig import divisions, is_divided, parted, profiles
from tests.gpu import GPU

MIXED = {"0-3g.40gb": 2, "1-7g.80gb": 1}


def test_which_gpu_is_divided_how() -> None:
    assert profiles({"all-1g.10gb": 3}, 5) == ("1g.10gb",) * 3
    assert profiles(MIXED, 0) == ("3g.40gb", "3g.40gb")
    assert profiles(MIXED, 2) == ()
    assert divisions({"all-1g.10gb+me": 1}) == [("all", "1g.10gb+me", 1)]


def test_the_same_for_nvidias_own_program() -> None:
    first, second, third = json.loads(parted(MIXED, 3))["mig-configs"]["firstlight"]
    assert first == {"devices": [0], "mig-enabled": True, "mig-devices": {"3g.40gb": 2}}
    assert second["mig-devices"] == {"7g.80gb": 1}
    assert third == {"devices": [2], "mig-enabled": False, "mig-devices": {}}


@pytest.mark.parametrize("key", ["1g.10gb", "all-10gb", "x-1g.10gb", "all-1g.10gb;reboot", ""])
def test_a_key_of_another_form(key: str) -> None:
    with pytest.raises(ValueError, match="DEVICES-PROFILE"):
        divisions({key: 1})


@pytest.mark.parametrize(
    ("mig", "devices", "is_it"),
    [
        ("enabled", ("1g.10gb", "1g.10gb"), True),
        ("enabled", ("1g.10gb",), False),
        ("disabled", (), False),
        ("enabled", (), False),
    ],
)
def test_whether_a_gpu_is_divided(mig: str, devices: tuple[str, ...], is_it: bool) -> None:
    gpu = replace(GPU, mig=mig, mig_devices=devices)
    assert is_divided(gpu, {"all-1g.10gb": 2}) is is_it
    assert is_divided(gpu, {}) is (mig == "disabled")
