"""The GPU layer's settings: when it is firstlight's business, and every contradiction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firstlight.settings import HostSettings, Problem

Data = dict[str, Any]
Load = Callable[..., HostSettings]
KEY = {"url": "https://m.example.net/debian13", "key": "key.asc", "fingerprint": "0" * 40}


@pytest.mark.parametrize(
    ("nvidia", "gpus", "enabled"),
    [
        (None, 0, False),
        (None, "all", True),
        (None, [0], True),
        ({}, 0, True),
        ({"count": 1}, 0, True),
        ({"enabled": False}, "all", False),
    ],
)
def test_when_it_is_taken_care_of(
    nvidia: Data | None, gpus: object, enabled: bool, load: Load, data: Data
) -> None:
    data["models"][0]["gpus"] = gpus
    if nvidia is not None:
        data["nvidia"] = nvidia
    assert load(data).nvidia.enabled is enabled


def test_a_model_without_the_key_gpus_uses_all(load: Load, data: Data) -> None:
    del data["models"][0]["gpus"]
    assert load(data).nvidia.enabled


def test_defaults(load: Load, data: Data) -> None:
    nvidia = load(data).nvidia
    assert (nvidia.toolkit, nvidia.branch, nvidia.wanted_branch) == (None, None, None)
    assert (nvidia.source, nvidia.modules, nvidia.reboot) == ("auto", "auto", "ask")
    assert (nvidia.reboot_timeout, nvidia.mig, nvidia.divisions) == (1200, None, [])
    assert nvidia.fabric == "auto"


def test_a_version_says_its_branch(load: Load, data: Data) -> None:
    assert load(data | {"nvidia": {"version": "595.91.07"}}).nvidia.wanted_branch == 595


def test_a_fingerprint_as_it_is_published(load: Load, data: Data, root: Path) -> None:
    (root / "key.asc").touch()
    grouped = "eb69 3b30 35cd 5710 e231  e123 a4b4 6996 3bf8 63cc"
    given = load(data | {"nvidia": {"repository": KEY | {"fingerprint": grouped}}}).nvidia
    mirror = given.mirrors["repository"]
    assert mirror.fingerprint == "EB693B3035CD5710E231E123A4B469963BF863CC"
    assert mirror.key == root / "key.asc" and list(given.mirrors) == ["repository"]


def test_mig_as_it_is_declared(load: Load, data: Data) -> None:
    mig = {"0-3g.40gb": 2, "1-1g.10gb+me": 1}
    assert load(data | {"nvidia": {"mig": mig}}).nvidia.divisions == [
        ("0", "3g.40gb", 2),
        ("1", "1g.10gb+me", 1),
    ]
    assert load(data | {"nvidia": {"mig": {}}}).nvidia.mig == {}


WRONG: list[tuple[Any, str]] = [
    (5, "nvidia: found 5, expected a mapping"),
    ({"cuont": 1}, 'nvidia.cuont: unknown key; did you mean "count"?'),
    ({"count": 0}, "nvidia.count: found 0, expected a number of GPUs from 1 to 64"),
    ({"count": "8"}, 'nvidia.count: found "8", expected a whole number, without quotes'),
    ({"branch": 581}, "nvidia.branch: found 581, expected a branch of the driver: one of 535, 570"),
    ({"branch": "580"}, 'nvidia.branch: found "580", expected a whole number'),
    ({"version": "580"}, 'nvidia.version: found "580", expected a whole version of the driver'),
    ({"version": "latest"}, 'nvidia.version: found "latest", expected a whole version'),
    (
        {"version": "595.91.07", "branch": 580},
        "nvidia.version: found 595.91.07, expected a version of branch 580, or the branch 595",
    ),
    ({"version": "581.1.1"}, "nvidia.version: found 581.1.1, expected a version of one of the br"),
    ({"modules": "opne"}, 'nvidia.modules: found "opne", expected "auto", "open" or "proprietary"'),
    ({"source": "repo"}, 'nvidia.source: found "repo", expected "auto", "cuda-repo", "distro" or'),
    ({"toolkit": "1.20"}, 'nvidia.toolkit: found "1.20", expected a version of the container tool'),
    ({"fabric": "no"}, 'nvidia.fabric: found "no", expected "auto" or "off"'),
    ({"reboot": True}, 'nvidia.reboot: found True, expected "auto", "ask" or "never"'),
    ({"reboot_timeout": 0}, "nvidia.reboot_timeout: found 0, expected a time in seconds"),
    ({"power_limit": 5}, "nvidia.power_limit: found 5, expected a power in watts from 50"),
    ({"mig": {"1g.10gb": 7}}, 'nvidia.mig["1g.10gb"]: found "1g.10gb", expected "all" or a GPU'),
    ({"mig": {"all-1g.10gb": 8}}, 'nvidia.mig["all-1g.10gb"]: found 8, expected a number of inst'),
    ({"mig": "all-1g.10gb"}, 'nvidia.mig: found "all-1g.10gb", expected a mapping'),
    (
        {"mig": {"all-1g.10gb": 6, "0-3g.40gb": 1}},
        "nvidia.mig: found 9 compute slices on GPU 0, expected at most 7",
    ),
    ({"mig": {"all-4g.40gb": 2}}, "nvidia.mig: found 8 compute slices on GPU all, expected at"),
    (
        {"mig": {"1-1g.10gb": 1}, "count": 1},
        'nvidia.mig["1-1g.10gb"]: found GPU 1, expected only 0: nvidia.count is 1',
    ),
    (
        {"repository": {"url": KEY["url"], "fingerprint": "0" * 40}},
        "nvidia.repository.key: found nothing, expected file on the control machine",
    ),
    ({"repository": KEY}, "nvidia.repository.key: found no file "),
    ({"toolkit_repository": KEY}, "nvidia.toolkit_repository.key: found no file "),
    (
        {"repository": KEY | {"fingerprint": "3bf863cc"}},
        'nvidia.repository.fingerprint: found "3BF863CC", expected the fingerprint of an OpenPGP',
    ),
]


@pytest.mark.parametrize(("nvidia", "text"), WRONG)
def test_what_is_wrong(
    nvidia: Any, text: str, data: Data, problems: Callable[..., list[Problem]]
) -> None:
    (problem,) = problems(data | {"nvidia": nvidia})
    assert str(problem).startswith(f"gpu1: {text}"), str(problem)


def test_a_repository_that_is_not_used(
    data: Data, root: Path, problems: Callable[..., list[Problem]]
) -> None:
    (root / "key.asc").touch()
    (problem,) = problems(data | {"nvidia": {"source": "distro", "repository": KEY}})
    assert "nvidia.repository: found a repository, expected none: nvidia.source is" in str(problem)


def test_gpu_numbers_beyond_the_count(data: Data, problems: Callable[..., list[Problem]]) -> None:
    data["models"][0]["gpus"] = [0, 4, 5]
    (problem,) = problems(data | {"nvidia": {"count": 4}})
    assert str(problem) == (
        "gpu1: models[0].gpus: found GPU 4, 5, expected numbers from 0 to 3: nvidia.count is 4"
    )
