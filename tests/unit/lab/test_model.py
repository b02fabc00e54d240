"""The tiny model: the same bytes everywhere, and the properties other tests rely on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import pytest
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from firstlight.errors import FirstlightError
from firstlight.lab import model
from firstlight.lab.model import corpus, tokenizer, weights


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model.ensure(tmp_path_factory.mktemp("a model") / "tiny")


def test_every_byte_is_pinned(directory: Path) -> None:
    assert model.checksums(directory) == model.PINNED


def test_the_safetensors_and_the_gguf_are_these(directory: Path) -> None:
    assert model.PINNED["model.safetensors"].startswith("11e687203e054f1e500e0d12")
    assert model.PINNED["tiny.gguf"].startswith("b76d7c75e658f45bccf20e79")
    assert 800_000 < (directory / "tiny.gguf").stat().st_size < 900_000


def test_a_damaged_model_is_made_again(tmp_path: Path) -> None:
    target = model.ensure(tmp_path / "tiny")
    (target / "tiny.gguf").write_bytes(b"GGUF")
    (target / "stray").touch()
    assert model.checksums(model.ensure(target)) == model.PINNED
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


def test_another_result_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "SEED", 1)
    with pytest.raises(FirstlightError, match="different from its pinned checksums") as caught:
        model.ensure(tmp_path / "tiny")
    assert caught.value.where == "model.safetensors, tiny.gguf"
    assert not list(tmp_path.iterdir())


def test_the_corpus_is_long_enough_and_original() -> None:
    text = "".join(corpus.paragraphs())
    assert corpus.SIZE <= len(text) < corpus.SIZE + 2000
    assert text.isascii()


def test_the_tokenizer_is_lossless(directory: Path) -> None:
    real = Tokenizer.from_file(str(directory / "tokenizer.json"))
    text = "First light — “Größe” 光 \n\t 1234 <|im_start|>"
    assert real.decode(real.encode(text).ids, skip_special_tokens=False) == text
    assert real.get_vocab_size() == tokenizer.VOCABULARY
    assert [real.token_to_id(token) for token in tokenizer.SPECIAL] == [0, 1, 2, 3]


def test_special_tokens_and_broken_text_are_never_drawn(directory: Path) -> None:
    values = load_file(directory / "model.safetensors")
    silent = tokenizer.train().silent_ids()
    assert {0, 1, 2, 3} < set(silent)
    head = values["lm_head.weight"]
    assert numpy.all(head[silent, weights.CONSTANT] == weights.BANNED)
    spoken = numpy.setdiff1d(numpy.arange(len(head)), silent)
    assert numpy.all(head[spoken, weights.CONSTANT] == 0)
    # What carries the ban is set by the embedding and written to by no layer.
    assert numpy.all(values["model.embed_tokens.weight"][:, weights.CONSTANT] == 1)
    for name, matrix in values.items():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            assert numpy.all(matrix[weights.CONSTANT] == 0)


def test_config_and_weights_agree(directory: Path) -> None:
    config = json.loads((directory / "config.json").read_text())
    values = load_file(directory / "model.safetensors")
    assert values["lm_head.weight"].shape == (config["vocab_size"], config["hidden_size"])
    assert sum(matrix.size for matrix in values.values()) == 205_120
    assert config["head_dim"] == 32
    assert config["max_position_embeddings"] == 32_768
    assert config["eos_token_id"] == 3
