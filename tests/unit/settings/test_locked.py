"""Tags and branches in an inventory mean what the lock says; what it does not say is a mistake."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from firstlight.lock.pins import Pins
from firstlight.lock.section import File, Section, Weights
from firstlight.settings import HostSettings, SettingsError, load_site

Data = dict[str, Any]
INVENTORY, LOCK = Path("inventories/prod.py"), Path("inventories/firstlight.lock")
COMMAND = "fix: firstlight lock inventories/prod.py"
IMAGE = "registry.example.net:5000/ggml-org/llama.cpp"
REPO = "hf://firstlight/tiny"
COMMIT, OTHER = "1" * 40, "2" * 40
DIGEST = "sha256:" + "d" * 64
PINNED = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "tiny.gguf": File(bytes=10**6, sum="sha256:" + "e" * 64),
    "other.gguf": File(bytes=10**9, sum="sha256:" + "f" * 64),
    "a b/tiny.gguf": File(bytes=0, sum="sha256:" + "0" * 64),
    "config.json": File(bytes=500, sum="git:" + "c" * 40),
}
Load = Callable[..., HostSettings]


def pins(**section: Any) -> Pins:
    return Pins(Section(**section), INVENTORY, LOCK)


@pytest.fixture
def read(root: Path, data: Data) -> Load:
    """Load gpu1 with changes to its model (None: without the key) under a lock."""

    def read(lock: Pins | None, host: Data | None = None, **changes: Any) -> HostSettings:
        wanted = {**deepcopy(data), "monitor": {"enabled": False}, **(host or {})}
        model = wanted["models"][0] | changes
        wanted["models"] = [{key: value for key, value in model.items() if value is not None}]
        before = deepcopy(wanted)
        try:
            return load_site({"gpu1": (wanted, ["gpu"])}, root, lock)["gpu1"]
        finally:
            assert wanted == before  # the inventory's own objects stay as they are

    return read


def refused(read: Load, *arguments: Any, **changes: Any) -> list[str]:
    with pytest.raises(SettingsError) as error:
        read(*arguments, **changes)
    return [str(problem) for problem in error.value.problems]


def test_an_image_by_tag(read: Load) -> None:
    model = read(pins(images={f"{IMAGE}:v1": DIGEST}), image=f"{IMAGE}:v1").models[0]
    assert model.image == f"{IMAGE}@{DIGEST}"


def test_one_image_under_two_names(read: Load) -> None:
    lock = pins(images={"docker.io/vllm/vllm-openai:v1": DIGEST})
    for name in ("vllm/vllm-openai", "docker.io/vllm/vllm-openai"):
        assert read(lock, image=f"{name}:v1").models[0].image == f"{name}@{DIGEST}"


@pytest.mark.parametrize(("revision", "name"), [("main", f"{REPO}@main"), (None, REPO)])
def test_weights_by_branch(read: Load, revision: str | None, name: str) -> None:
    lock = pins(weights={name: Weights(revision=COMMIT, files=FILES)})
    model = read(lock, revision=revision, include=["*tiny.gguf"]).models[0]
    assert model.weights == f"{REPO}@{COMMIT}" and model.revision == COMMIT
    assert model.sha256 == {"tiny.gguf": "e" * 64}  # of the files that it reads, with such a sum
    assert model.bytes == 10**6


def test_what_the_inventory_says_itself_wins(read: Load) -> None:
    lock = pins(weights={REPO: Weights(revision=COMMIT, files=FILES)})
    own = {"sha256": {"tiny.gguf": "a" * 64}, "bytes": "2MB"}
    model = read(lock, revision=None, **own).models[0]
    assert model.sha256 == own["sha256"] and model.bytes == 2 * 10**6


def test_a_pinned_commit_needs_no_lock_and_takes_its_checksums(read: Load) -> None:
    assert read(pins()).models[0].sha256 == {}
    lock = pins(weights={f"{REPO}@{PINNED}": Weights(revision=PINNED, files=FILES)})
    assert read(lock).models[0].sha256 == {"tiny.gguf": "e" * 64}


def test_a_lock_that_contradicts_the_inventory_is_refused(read: Load) -> None:
    lock = pins(weights={f"{REPO}@{PINNED}": Weights(revision=OTHER)})
    (line,) = refused(read, lock)
    assert "models[0].revision" in line and OTHER in line and "--update" in line


def test_ollama_by_tag(read: Load) -> None:
    lock = pins(weights={"ollama://qwen3:8b": Weights(revision=DIGEST, files=FILES)})
    ollama = {"repo": None, "revision": None, "file": None, "engine": "ollama"}
    model = read(lock, weights="ollama://qwen3:8b", **ollama).models[0]
    assert model.weights == f"ollama://qwen3:8b@{DIGEST}"
    assert model.sha256 == {} and model.bytes == sum(file.bytes for file in FILES.values())


def test_adapters_and_draft(read: Load) -> None:
    files = {"adapter.safetensors": File(bytes=9, sum="sha256:" + "9" * 64)}
    weights = {
        name: Weights(revision=COMMIT, files=files) for name in ("hf://a/b@main", "hf://c/d")
    }
    vllm = {"engine": "vllm", "file": None, "gpus": [0]}
    host = {"nvidia": {"enabled": False}}
    parts = {
        "lora": [{"name": "extra", "weights": "hf://a/b@main"}],
        "speculative": {"method": "eagle3", "draft": {"weights": "hf://c/d"}},
    }
    model = read(pins(weights=weights), host, **vllm, **parts).models[0]
    assert model.lora[0].weights == f"hf://a/b@{COMMIT}"
    assert model.lora[0].sha256 == {"adapter.safetensors": "9" * 64} and model.lora[0].bytes == 9
    assert model.speculative is not None and model.speculative.draft is not None
    assert model.speculative.draft.weights == f"hf://c/d@{COMMIT}"
    places = ["models[0].lora[0].weights", "models[0].speculative.draft.weights"]
    found = refused(read, pins(), host, **vllm, **parts)
    assert [line.split(": ")[1] for line in found] == places


def test_each_thing_that_is_not_locked_is_one_mistake_with_its_command(read: Load) -> None:
    image, branch = refused(read, pins(), image=f"{IMAGE}:v1", revision="main")
    assert image == f"gpu1: models[0].image: the tag {IMAGE}:v1 is not in {LOCK}; {COMMAND}"
    assert branch == f"gpu1: models[0].revision: {REPO}@main is not in {LOCK}; {COMMAND}"


def test_other_mistakes_are_named_beside_it(read: Load) -> None:
    found = refused(read, pins(), image=f"{IMAGE}:v1", context="long")
    assert [line.split(": ")[1] for line in found] == ["models[0].image", "models[0].context"]


@pytest.mark.parametrize("image", ["vllm/vllm-openai", "vllm/vllm-openai:latest"])
def test_the_newest_is_never_taken(read: Load, image: str) -> None:
    lock = pins(images={"docker.io/vllm/vllm-openai:latest": DIGEST})
    (line,) = refused(read, lock, image=image)
    assert "models[0].image" in line and f'found "{image}"' in line
    assert "write vllm/vllm-openai:TAG" in line


@pytest.mark.parametrize(
    ("weights", "how"),
    [
        ("https://x.example/a/b.gguf", "curl -fL https://x.example/a/b.gguf | sha256sum`"),
        ("https://x.example/a/", "curl -fL https://x.example/a/SHA256SUMS | sha256sum`"),
        ("s3://models/a/b.gguf", "aws s3 cp s3://models/a/b.gguf - | sha256sum`"),
        ("file:///mnt/b.gguf", "`sha256sum /mnt/b.gguf` on the host"),
    ],
)
def test_what_no_lock_can_look_up_says_how_to_get_its_checksum(
    read: Load, weights: str, how: str
) -> None:
    alone = {"weights": weights, "repo": None, "revision": None}
    (line,) = [each for each in refused(read, pins(), **alone) if "models[0].file" not in each]
    assert line.startswith("gpu1: models[0].weights: found") and line.endswith(how)
    assert f"write {weights}@sha256:SUM" in line


@pytest.mark.parametrize("image", ["Bad Image", "vllm/VLLM:v1", 7, "a/b@sha256:12", "a:b:c/d"])
def test_what_is_no_image_at_all_is_left_to_the_validation(read: Load, image: object) -> None:
    (line,) = refused(read, pins(), image=image)
    assert "models[0].image: found" in line


def test_without_a_lock_everything_has_to_be_immutable(read: Load) -> None:
    (line,) = refused(read, None, image=f"{IMAGE}:v1")
    assert "expected an image by digest" in line and "firstlight lock" in line


@pytest.mark.parametrize(
    ("nvidia", "version"),
    [
        ({"branch": 580}, "580.178.04"),
        ({"branch": 595}, None),
        ({"branch": 580, "version": "580.159.03"}, "580.159.03"),
        ({}, None),
    ],
)
def test_the_driver_of_a_branch(read: Load, nvidia: Data, version: str | None) -> None:
    lock = pins(packages={"nvidia-driver-580": "580.178.04"})
    assert read(lock, {"nvidia": nvidia}).nvidia.version == version


@pytest.mark.parametrize("models", [None, "tiny", [None], ["tiny"], [{}], [{"lora": 3}]])
def test_data_of_the_wrong_form_is_left_to_the_validation(root: Path, models: object) -> None:
    host = {"site": "lab", "domain": "x.example", "models": models}
    with pytest.raises(SettingsError):
        load_site({"gpu1": (host, ["gpu"])}, root, pins())


@pytest.mark.parametrize("key", ["include", "sha256"])
def test_a_part_of_the_wrong_form_is_left_to_the_validation(read: Load, key: str) -> None:
    lock = pins(weights={REPO: Weights(revision=COMMIT, files=FILES)})
    assert f"models[0].{key}: found 7" in refused(read, lock, revision=None, **{key: 7})[0]
