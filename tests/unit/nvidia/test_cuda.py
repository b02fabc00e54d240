"""What an engine's image asks of the driver."""

from __future__ import annotations

import pytest

from firstlight.nvidia.cuda import needed

IMAGE = (
    "cuda>=13.1 brand=unknown,driver>=535,driver<536 brand=tesla,driver>=580,driver<581 "
    "brand=geforce,driver>=590,driver<591"
)


@pytest.mark.parametrize(
    ("text", "branch", "data_centre", "version"),
    [
        ("", 580, True, ""),
        ("cuda>=12.8", 580, True, "12.8"),
        ("cuda>=9.0 cuda>=10.0", 580, False, "9.0"),
        (IMAGE, 570, True, "13.1"),
        # An image brings its CUDA along, for data-centre cards and for the branches it names.
        (IMAGE, 580, True, ""),
        (IMAGE, 580, False, "13.1"),
        (IMAGE, 590, True, "13.1"),
        ("nonsense", 580, True, ""),
    ],
)
def test_the_cuda_an_image_asks_for(
    text: str, branch: int, data_centre: bool, version: str
) -> None:
    assert needed(text, branch, data_centre) == version
