"""Progress and contents of a store in words."""

from __future__ import annotations

from typing import Any

import pytest

from firstlight.weights.words import so_far, table, waste

ENTRY: dict[str, Any] = {
    "folder": "o--n@1", "source": "hf://o/n@1", "bytes": 16_400_000_000, "complete": True,
    "wrong": [], "models": ["qwen"], "used_by": ["firstlight-engine-qwen.service"],
    "incoming": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("done", "total", "rate", "words"),
    [
        (1_200_000_000, 16_400_000_000, 110e6, "1.20 GB of 16.40 GB, 110 MB/s, 2 min 18 s left"),
        (5_000_000, 0, 1e6, "5 MB, 1 MB/s"),
        (500, 1000, 0, "500 B of 1 kB, 0 MB/s"),
        (10**9, 400 * 10**9, 10**7, "1.00 GB of 400.00 GB, 10 MB/s, 11 h 5 min left"),
        (1000, 1000, 10.0, "1 kB of 1 kB, 0 MB/s"),
        (0, 1000, -5.0, "0 B of 1 kB, 0 MB/s"),
        (0, 100, 2.0, "0 B of 100 B, 0 MB/s, 50 s left"),
    ],
)
def test_how_far_it_is(done: int, total: int, rate: float, words: str) -> None:
    assert so_far(done, total, rate) == words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "16.40 GB  complete"),
        ({"complete": False}, "incomplete"),
        ({"complete": False, "wrong": ["a.gguf"]}, "corrupt: a.gguf"),
        ({"complete": False, "incoming": True}, "partly fetched"),
        ({"models": [], "used_by": []}, "nobody"),
    ],
)
def test_a_row(change: dict[str, Any], words: str) -> None:
    head, titles, row = table("gpu1", [{**ENTRY, **change}]).splitlines()
    assert head == "gpu1:" and "USED BY" in titles
    assert words in row and row.endswith("hf://o/n@1")


def test_nothing() -> None:
    assert table("gpu1", []) == "gpu1: no weights"
    assert "in use" in waste("gpu1", [])


def test_what_nobody_uses() -> None:
    found = [{"path": "/srv/models/a", "bytes": 2e9}, {"path": "/srv/models/b", "bytes": 1e9}]
    assert waste("gpu1", found).splitlines()[0] == "gpu1: 3.00 GB that nobody uses"
