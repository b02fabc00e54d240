"""The secret of a host's engines on the control machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstlight import site
from firstlight.edge import backend
from firstlight.engines.secret import MOST, load_or_create
from firstlight.errors import FirstlightError
from firstlight.secret import Secret, revealed
from tests.site import Load

LINE = "backend_" + "x" * 43


def test_it_is_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "engines/gpu1.key"
    (made,) = load_or_create(path)
    assert load_or_create(path) == (made,)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert len(made.reveal()) == len("backend_") + 43
    assert load_or_create(tmp_path / "engines/gpu2.key") != (made,)


def test_each_host_has_one_of_its_own(load: Load) -> None:
    settings = load()
    assert site.backend_secret(settings) == site.backend_secrets(settings)[0]
    assert (settings.state_dir / "engines/gpu1.key").exists()


def test_a_new_one_is_put_before_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "gpu1.key"
    (old,) = load_or_create(path)
    path.write_text(f"{LINE}\n{old.reveal()}\n")
    assert load_or_create(path) == (Secret(LINE), old)


@pytest.mark.parametrize(
    "text",
    ["", "x\n", "--api-key\n", "backend_short\n", f"{LINE}\nnot one\n", f"{LINE};\n",
     f"{LINE}\n" * (MOST + 1), "\xff"],
)  # fmt: skip
def test_a_malformed_file_is_named_and_not_shown(tmp_path: Path, text: str) -> None:
    path = tmp_path / "gpu1.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(FirstlightError, match="malformed") as refused:
        load_or_create(path)
    assert str(path) in str(refused.value) and LINE not in str(refused.value)


def test_one_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gpu1.key"
    path.write_text(f"{LINE}\n")
    path.chmod(0o644)
    with pytest.raises(FirstlightError, match="can be read by others"):
        load_or_create(path)


def test_what_the_edge_shows() -> None:
    shown = backend.files(Secret(LINE))[backend.NAME]
    assert isinstance(shown, Secret)
    assert revealed(shown) == f'proxy_set_header Authorization "Bearer {LINE}";\n'
    # What a client has sent never goes on.
    assert backend.files(None) == {backend.NAME: 'proxy_set_header Authorization "";\n'}
