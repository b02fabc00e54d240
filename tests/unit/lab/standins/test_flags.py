"""The stand-ins take the documented command lines and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstlight.lab.images.standins import flags
from tests.unit.lab.standins.program import checkpoint, ended, repository

PROGRAMS = ("sglang", "tgi", "triton-openai", "tritonserver")


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_unknown_flag_is_refused(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        flags.read(program, ["--not-a-flag", "1"])
    assert end.value.code == 2
    assert "--not-a-flag" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("sglang", ["--tp", "2"]),  # no abbreviations: what is not in the list is unknown
        ("tgi", ["--max-input", "1"]),
        ("sglang", ["--port"]),
        ("sglang", ["--enable-metrics", "yes"]),
    ],
)
def test_half_a_flag_is_refused(program: str, words: list[str]) -> None:
    with pytest.raises(SystemExit):
        flags.read(program, words)


def test_values_switches_lists_and_short_forms() -> None:
    given = flags.read("sglang", ["--port=1", "--port", "2", "--enable-metrics"])
    assert flags.last(given, "port") == "2" and given["enable-metrics"] == [[]]
    given = flags.read("sglang", ["--lora-paths", "a=/a", "b=/b"])
    assert given["lora-paths"] == [["a=/a", "b=/b"]]
    assert flags.last(flags.read("tgi", ["-p", "80"]), "port") == "80"


def test_a_flag_counts_more_than_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_TOTAL_TOKENS", "7")
    read = flags.read("tgi", [], environment=True)
    assert flags.last(read, "max-total-tokens") == "7"
    read = flags.read("tgi", ["--max-total-tokens", "9"], environment=True)
    assert flags.last(read, "max-total-tokens") == "9"


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_list_of_flags_says_where_it_is_from(program: str) -> None:
    path = Path(flags.__file__).with_name(f"{program}.flags")
    first, *rest = path.read_text().splitlines()
    assert first.startswith("# ") and "read 20" in first
    names = [line.partition(" ")[0].rstrip("=?+*") for line in rest]
    assert len(names) > 15 and len(set(names)) == len(names)


@pytest.mark.parametrize("module", ["sglang", "tgi"])
def test_weights_that_are_not_whole_are_refused(module: str, tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "weights")
    flag = "--model-path" if module == "sglang" else "--model-id"
    shard = tmp_path / "weights/model.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1])
    done = ended(module, flag, folder)
    assert done.returncode == 1 and "cut short" in done.stderr
    shard.unlink()
    assert "no *.safetensors" in ended(module, flag, folder).stderr
    assert "nothing" in ended(module, flag, "Qwen/Qwen3-8B").stderr


def test_a_repository_without_a_version_is_refused(tmp_path: Path) -> None:
    folder = repository(tmp_path / "weights")
    (tmp_path / "weights/tiny/1").rmdir()
    done = ended("triton", "openai", "--model-repository", folder)
    assert done.returncode == 1 and "version folder" in done.stderr


def test_what_has_to_be_given_is_asked_for() -> None:
    assert "--model-path" in ended("sglang").stderr
    assert "--model-repository" in ended("triton", "openai").stderr
    assert "--model-repository" in ended("triton").stderr
