"""Packages that the lab needs of its machine: installed once, by whoever comes first."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from firstlight.lab import packages


def test_two_labs_that_begin_at_once_do_not_meet_in_apt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, calls = tmp_path / "program", []

    def installed(_: object, absent: list[str]) -> None:
        calls.append(absent)
        time.sleep(0.3)
        program.touch()

    monkeypatch.setattr(packages, "LIB_DIR", tmp_path)
    monkeypatch.setattr(packages, "installed", installed)
    with ThreadPoolExecutor(3) as pool:
        needed = {"age": str(program)}
        for each in [pool.submit(packages.ensure, print, needed) for _ in range(3)]:
            each.result(20)
    assert calls == [["age"]]
