"""``firstlight size`` and ``firstlight recommend``: output, exit codes, and bad input."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from firstlight.cli.main import cli
from firstlight.errors import FirstlightError


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


def told(*words: str) -> FirstlightError:
    error = run(*words).exception
    assert isinstance(error, FirstlightError)
    return error


def test_it_fits() -> None:
    done = run("size", "qwen3-8b", "--gpu", "4090", "--context", "16384")
    assert done.exit_code == 0 and done.output.startswith("fits: qwen3-8b on GeForce RTX 4090")
    assert "KV cache" in done.output and "weights" in done.output
    start, end = done.output.index("{"), done.output.index("}") + 1
    model = ast.literal_eval(done.output[start:end])
    assert "share the KV cache: up to" in done.output[end:]
    assert (model["name"], model["context"], model["gpus"]) == ("qwen3-8b", 16384, 1)


def test_it_does_not_fit() -> None:
    done = run("size", "deepseek-v3", "--gpu", "8xh100", "--context", "32768", "--concurrency", "8")
    assert done.exit_code == 3 and done.output.startswith("does not fit")
    assert "what would fit" in done.output and "8 × H200" in done.output
    assert "for the inventory" not in done.output
    short = run("size", "qwen3-32b-awq", "--gpu", "4090", "--context", "16384").output
    assert "tokens, one request has 16384" in short.splitlines()[0]


@pytest.mark.parametrize(
    ("words", "fits", "expected"),
    [
        (["qwen3-8b", "--gpu", "rtx4090", "--context", "8192"], True, {"gpus": 1}),
        (["qwen3-8b", "--gpu", "4090", "--gpus", "2"], True, {"gpus": 2, "context": 32768}),
        (["qwen3-32b-awq", "--gpu", "4090", "--context", "16384"], False, {"max_concurrency": 0}),
        (["llama-4-scout", "--gpu", "4xH100", "--context", "131072"], True, {"context": 131072}),
        (["qwen3-8b", "--gpu", "3090", "--kv-cache-dtype", "fp8"], False, {"fits": False}),
    ],
)
def test_json(words: list[str], fits: bool, expected: dict[str, Any]) -> None:
    done = run("size", *words, "--json")
    found = json.loads(done.output)
    assert (found["fits"], done.exit_code) == (fits, 0 if fits else 3)
    assert expected.items() <= found.items()
    assert fits is not bool(found["advice"]) and found["bytes"]["weights"] > 10**9
    for way in found["advice"]:
        assert way["text"] and way["settings"]["context"] > 0


def test_the_settings_of_a_way_fit_when_they_are_asked_for() -> None:
    found = json.loads(
        run("size", "qwen3-8b", "--gpu", "4090", "--context", "36864", "--json").output
    )
    for way in found["advice"]:
        new = way["settings"]
        if new["gpus"] == 1 and new["name"] == "qwen3-8b" and "FP8" in way["text"]:
            again = run("size", "qwen3-8b", "--gpu", "4090", "--context", str(new["context"]),
                        "--kv-cache-dtype", new["kv_cache_dtype"])  # fmt: skip
            assert again.exit_code == 0


def test_every_card() -> None:
    done = run("size", "qwen3-32b-awq", "--context", "16384")
    assert done.exit_code == 0 and "2 × GeForce RTX 4090" in done.output
    rows = json.loads(run("size", "qwen3-32b-awq", "--context", "16384", "--json").output)
    assert all(row["fits"] for row in rows) and len(rows) > 10
    assert {"h100", "l40s", "b200"} <= {row["gpu"] for row in rows}
    assert "2 hosts  tp 8 pp 2" in run("size", "deepseek-v3").output
    none = run("size", "deepseek-v3", "--context", "131072", "--concurrency", "4096")
    assert none.exit_code == 3 and "no card" in none.output


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (["qwen3-72b"], "qwen2.5-72b"),
        (["qwen-7b"], "qwen3-8b"),
        (["qwen3-9b"], "did you mean"),
        (["qwen3-8b", "--gpu", "a100"], "a100-40gb, a100-80gb"),
        (["qwen3-8b", "--gpu", "voodoo2"], "one of: "),
        (["qwen3-8b", "--gpu", "999xh100"], "1 to 64"),
        (["qwen3-8b", "--gpu", "0xh100"], "1 to 64"),
        (["org/name", "--gpu", "4090", "--hub", "http://127.0.0.1:9"], "--hub"),
    ],
)
def test_bad_input(words: list[str], fix: str) -> None:
    assert fix in told("size", *words).fix


@pytest.mark.parametrize(
    "words",
    [["--context", "1"], ["--context", "many"], ["--concurrency", "0"], ["--gpus", "0"],
     ["--kv-cache-dtype", "fp3"], ["--gpuz", "4090"]],
)  # fmt: skip
def test_bad_options(words: list[str]) -> None:
    assert run("size", "qwen3-8b", *words).exit_code == 2


def test_recommend() -> None:
    done = run("recommend", "--gpu", "4090", "--use", "chat")
    assert done.exit_code == 0 and " with vllm\n" in done.output
    for part in ("requirement:", "model:", "memory:", "engine:", "try: firstlight size"):
        assert part in done.output
    found = json.loads(run("recommend", "--gpu", "8xh100", "--use", "rag", "--json").output)
    assert found[0]["engine"] == "vllm" and found[0]["fits"] and found[0]["reasons"]
    assert "holds 1 request of 8192" in run("recommend", "--gpu", "l4", "--use", "prototype").output


def test_recommend_what_cannot_be() -> None:
    nothing = run("recommend", "--gpu", "t4", "--use", "enterprise")
    assert nothing.exit_code == 3
    assert "Tesla T4" in nothing.output and "fix: " in nothing.output
    assert run("recommend", "--gpu", "4090", "--use", "mining").exit_code == 2
    assert run("recommend", "--gpu", "4090").exit_code == 2


def test_help_names_the_exit_codes() -> None:
    assert "3 it does not" in run("size", "--help").output
    assert {"size", "recommend"} <= set(cli.list_commands(None))  # type: ignore[arg-type]
