"""A new key in a file of its own: private, and never over anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstlight import keys
from firstlight.errors import FirstlightError


def test_a_key_is_kept_in_a_file_of_its_own(path: Path, tmp_path: Path) -> None:
    to = tmp_path / "alice.key"
    key = keys.issue(path, "alice", to=to)
    assert to.read_text() == f"{key.reveal()}\n" and to.stat().st_mode & 0o777 == 0o600
    new = keys.rotate(path, "alice", 0, to=to)
    assert to.read_text() == f"{new.reveal()}\n"


def test_no_other_file_is_overwritten_and_then_there_is_no_key(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine")
    other.chmod(0o600)
    for to in (other, path, tmp_path / "other" / "below"):
        with pytest.raises(FirstlightError):
            keys.issue(path, "alice", to=to)
        assert other.read_text() == "mine" and not path.exists()
    keys.issue(path, "bob")
    before = path.read_bytes()
    with pytest.raises(FirstlightError):
        keys.issue(path, "alice", to=tmp_path / "other" / "below")
    assert path.read_bytes() == before
