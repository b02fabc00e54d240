"""The catalogue's rows of the engines: whole, and true to the settings they speak of."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from firstlight.catalogue import engines
from firstlight.catalogue.nvidia import branches
from firstlight.engines import ENGINES
from firstlight.settings import Model


def test_every_engine_has_a_row() -> None:
    assert set(engines()) == set(ENGINES)


@pytest.mark.parametrize("name", sorted(engines()))
def test_rows(name: str) -> None:
    row = engines()[name]
    assert row.checked and row.title and ":" not in row.image
    assert set(row.knows) <= set(Model.model_fields)
    assert 5.0 <= float(row.compute) <= 9.0
    assert row.minimum_driver <= max(branches())
    assert all(any(fnmatchcase(d, pattern) for pattern in row.speculative) for d in row.drafted)
    # What is refused says why, what is ours says which setting to take.
    assert all(row.owned.values()) and all(row.refused.values())


@pytest.mark.parametrize("name", sorted(engines()))
def test_a_setting_that_is_named_exists(name: str) -> None:
    """What stands instead of a flag is a setting, a setting of the edge, or nothing."""
    for setting in engines()[name].owned.values():
        words = setting.split(":")[0].replace(" and ", " ").split()
        assert all(
            word in Model.model_fields or word in ("nothing", "edge.api_keys") for word in words
        ), setting


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_clients_reach_no_path_that_changes_anything(name: str) -> None:
    words = {word for path in ENGINES[name].paths for word in path.strip("/").split("/")}
    assert words <= {
        "v1", "api", "chat", "completions", "embeddings", "responses", "messages", "count_tokens",
        "generate", "embed",
    }  # fmt: skip
    assert "/v1/models" not in ENGINES[name].paths  # the edge answers it for all models
