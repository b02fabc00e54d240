"""What stands in the store's folder and is not firstlight's own."""

from __future__ import annotations

from pathlib import Path

from firstlight.weights.collect import collected, waste
from firstlight.weights.contents import Places, contents, verify


def test_what_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    store = tmp_path / "models"
    (store / ".incoming").mkdir(parents=True)
    (store / ".incoming/.lock").touch()
    for name in ("lost+found", "my-own-model", "org--gone@0123456789ab-01234567"):
        (store / name).mkdir()
        (store / name / "model.safetensors").touch()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (store / "org--linked@0123456789ab-01234567").symlink_to(elsewhere)
    places = Places(store, tmp_path / "jobs", tmp_path / "units", tmp_path / "kept")
    assert [each.folder for each in contents(places)] == ["org--gone@0123456789ab-01234567"]
    assert len(waste(places, ())) == 1
    collected(places, ())
    left = {path.name for path in store.iterdir() if not path.name.startswith(".")}
    assert left == {"lost+found", "my-own-model", "org--linked@0123456789ab-01234567"}
    verify(places, print, lambda _: None)
