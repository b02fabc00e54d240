"""fetch.pyz: one file, the same each time, that runs under the host's own Python."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from firstlight.errors import FirstlightError
from firstlight.weights import bundle
from tests.unit.weights.conftest import TOKEN, SmallHub

HOST_PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
# As the unit that runs it sets them.
SETTINGS = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}


@pytest.fixture(scope="module")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pyz") / "fetch.pyz"
    path.write_bytes(bundle.build())
    return path


def start(pyz: Path, job: Path, credentials: Path | None = None) -> subprocess.Popen[str]:
    env = {**SETTINGS, "PATH": os.environ["PATH"], "HOME": str(job.parent)}
    if credentials:
        env["CREDENTIALS_DIRECTORY"] = str(credentials)
    argv = [HOST_PYTHON, "-I", str(pyz), str(job)]
    return subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    )


def written(job: dict[str, Any], folder: Path) -> Path:
    path = folder / "job.json"
    path.write_text(json.dumps(job))
    return path


def test_the_same_bytes_each_time(pyz: Path) -> None:
    assert bundle.build() == pyz.read_bytes()


def test_nothing_compiled_and_nothing_of_this_machine(pyz: Path) -> None:
    with zipfile.ZipFile(pyz) as archive:
        names = archive.namelist()
        records = [name for name in names if name.endswith("direct_url.json")]
    assert not [name for name in names if name.endswith((".so", ".pyc"))]
    assert not records
    assert "huggingface_hub/__init__.py" in names


def test_it_needs_nothing_installed(pyz: Path) -> None:
    code = (
        f"import sys; sys.path[:] = [p for p in sys.path if 'packages' not in p]; "
        f"sys.path.insert(0, {str(pyz)!r}); import huggingface_hub, huggingface_hub.hf_api, firstlight.weights.fetch; "
        f"print(huggingface_hub.__file__)"
    )
    done = subprocess.run(
        [HOST_PYTHON, "-I", "-S", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith(str(pyz)), done.stderr


def test_two_at_once_share_the_work(
    pyz: Path, job: dict[str, Any], hub: SmallHub, tmp_path: Path
) -> None:
    path = written(job, tmp_path)
    both = [start(pyz, path) for _ in range(2)]
    outputs = [each.communicate(timeout=60) for each in both]
    assert [each.returncode for each in both] == [0, 0], outputs
    assert len([name for name, _ in hub.asked if name == "model.safetensors"]) == 1
    assert sorted(bool(out) for out, _ in outputs) == [False, True]


def test_two_models_at_once_bring_a_shared_file_once(
    pyz: Path, job: dict[str, Any], hub: SmallHub, tmp_path: Path
) -> None:
    hub.fault(slow={"model.safetensors": 600_000})
    other = {**job, "folder": job["folder"] + "2"}
    (tmp_path / "2").mkdir()
    paths = [written(job, tmp_path), written(other, tmp_path / "2")]
    both = [start(pyz, path) for path in paths]
    outputs = [each.communicate(timeout=60) for each in both]
    assert [each.returncode for each in both] == [0, 0], outputs
    assert len([name for name, _ in hub.asked if name == "model.safetensors"]) == 1
    first, second = (Path(each["folder"]) / "model.safetensors" for each in (job, other))
    assert first.samefile(second)


def test_what_stands_there_is_listed_and_checked(
    pyz: Path, job: dict[str, Any], tmp_path: Path
) -> None:
    start(pyz, written(job, tmp_path)).communicate(timeout=60)
    store = Path(job["folder"]).parent

    def asked(verb: str) -> tuple[int, str, str]:
        argv = [HOST_PYTHON, "-I", str(pyz), verb, str(store)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    (entry,) = json.loads(asked("list")[1])
    assert (entry["complete"], entry["source"]) == (True, job["source"])
    assert asked("verify") == (0, f"{Path(job['folder']).name}: right\n", "")
    with (Path(job["folder"]) / "config.json").open("r+b") as stream:
        stream.write(b"#")
    code, _, words = asked("verify")
    assert code == 1 and "org--open@x/config.json" in words
    assert json.loads(asked("list")[1])[0]["wrong"] == ["config.json"]
    # Noted, so the same job mends it, though its marker is there.
    start(pyz, written(job, tmp_path)).communicate(timeout=60)
    assert asked("verify")[0] == 0


def test_the_token_comes_as_a_credential(
    pyz: Path, job: dict[str, Any], hub: SmallHub, tmp_path: Path
) -> None:
    gated = {**job, "source": f"hf://org/gated@{hub.revision('org/gated')}"}
    path = written(gated, tmp_path)
    for content, code in (("", 1), (f"{TOKEN}\n", 0)):
        (tmp_path / "hub-token").write_text(content)
        process = start(pyz, path, tmp_path)
        _, words = process.communicate(timeout=60)
        assert process.returncode == code, words
        assert "Traceback" not in words
    assert (Path(job["folder"]) / job["marker"]).exists()


def test_its_name_follows_its_content(monkeypatch: pytest.MonkeyPatch) -> None:
    before = bundle.identity()
    assert before == bundle.identity()
    own = bundle.own()
    with monkeypatch.context() as patch:
        patch.setattr(bundle, "own", lambda: {name: text + b"#" for name, text in own.items()})
        assert bundle.identity() != before
    real = bundle.closure
    monkeypatch.setattr(bundle, "closure", lambda name: real(name)[1:])
    assert bundle.identity() != before


def test_it_is_made_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made: list[int] = []
    monkeypatch.setattr(bundle, "build", lambda: made.append(1) or b"PK")
    bundle.archive.cache_clear()
    assert bundle.archive(tmp_path / "cache") == b"PK"
    bundle.archive.cache_clear()
    assert bundle.archive(tmp_path / "cache") == b"PK"
    bundle.archive.cache_clear()
    assert made == [1]
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_missing_package_is_named() -> None:
    with pytest.raises(FirstlightError, match="no-such-package"):
        bundle.closure("no-such-package")


def test_the_archive_is_a_zip(pyz: Path) -> None:
    assert zipfile.ZipFile(io.BytesIO(pyz.read_bytes())).testzip() is None
