"""Models from the catalogue, from folders and from a hub; and what cannot be read."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from firstlight.errors import FirstlightError
from firstlight.sizing.reading import read

from . import configs


def folder(path: Path, config: Any, index: Any = None, weights: int = 0) -> Path:
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    if index is not None:
        (path / "model.safetensors.index.json").write_text(json.dumps(index))
    if weights:
        (path / "model.safetensors").write_bytes(b"\0" * weights)
    return path


@pytest.mark.parametrize(
    ("text", "name"),
    [("qwen3-8b", "qwen3-8b"), ("Qwen/Qwen3-8B", "qwen3-8b"), ("QWEN3-8B", "qwen3-8b"),
     ("mistral-small-4", "mistral-small-4-119b"), ("ministral-3b", "ministral-3-3b")],
)  # fmt: skip
def test_the_catalogue_needs_no_network(
    text: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.socket", None)
    assert read(text).row == name


def test_a_folder(tmp_path: Path) -> None:
    index = {"metadata": {"total_size": 29_536_614_400}}
    found = read(str(folder(tmp_path / "m", configs.QWEN3_14B, index)))
    assert (found.bytes, found.quantization, found.context) == (29_536_614_400, "bf16", 40960)


def test_a_folder_without_an_index(tmp_path: Path) -> None:
    assert read(str(folder(tmp_path / "m", configs.QWEN3_14B, weights=12))).bytes == 12
    counted = read(str(folder(tmp_path / "n", configs.DEEPSEEK_V3)))
    assert counted.quantization == "fp8" and counted.bytes == pytest.approx(674e9, rel=0.01)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"quant_method": "awq", "bits": 4}, "awq"),
        ({"quant_method": "gptq", "bits": 4}, "gptq"),
        ({"quant_method": "gptq", "bits": 8}, "int8"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4"),
        ({"quant_method": "modelopt", "quant_algo": "FP8"}, "fp8"),
        ({"quant_method": "mxfp4"}, "mxfp4"),
        ({"quant_method": "compressed-tensors",
          "config_groups": {"group_0": {"weights": {"num_bits": 4, "type": "int"}}}}, "gptq"),
        ({"quant_method": "compressed-tensors",
          "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "float"}}}}, "fp8"),
        ({"quant_method": "something new"}, "bf16"),
        ("no mapping", "bf16"),
    ],
)  # fmt: skip
def test_quantization(tmp_path: Path, said: object, name: str) -> None:
    config = {**configs.QWEN3_14B, "quantization_config": said}
    assert read(str(folder(tmp_path / "m", config))).quantization == name


@pytest.mark.parametrize(
    ("config", "told"),
    [("{", "no JSON object"), ("[]", "no JSON object"), ("[" * 100_000, "no JSON object"),
     ({"hidden_size": 1}, "is missing or no number: num_hidden_layers"),
     ({**configs.QWEN3_14B, "architectures": ["QWenLMHeadModel"]}, "0.23.0")],
)  # fmt: skip
def test_bad_folders(tmp_path: Path, config: object, told: str) -> None:
    with pytest.raises(FirstlightError, match=told):
        read(str(folder(tmp_path / "m", config)))


@pytest.mark.parametrize(
    ("text", "fix"),
    [("qwen3-72b", "qwen2.5-72b"), ("Qwen/Qwen-7B-Chat", "qwen3-8b"), ("qwen-1.8b", "qwen3-1.7b"),
     ("qwen3-8bb", 'did you mean "qwen3-8b"?'), ("", "one of: "), ("no/such/thing", "one of: ")],
)  # fmt: skip
def test_no_such_model(text: str, fix: str) -> None:
    with pytest.raises(FirstlightError) as error:
        read(text)
    assert fix in error.value.fix and error.value.why


def test_no_such_folder(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    for name in ("absent", "config.json"):
        with pytest.raises(FirstlightError, match="no such folder"):
            read(str(tmp_path / name))


class Hub(BaseHTTPRequestHandler):
    files: dict[str, bytes] = {}  # noqa: RUF012

    def do_GET(self) -> None:
        if self.path.startswith("/api/models/org/model"):
            names = [{"rfilename": name, "size": len(each)} for name, each in self.files.items()]
            self.say(json.dumps({"id": "org/model", "siblings": names}).encode())
        elif (name := self.path.rsplit("/", 1)[-1]) in self.files:
            self.say(self.files[name])
        else:
            self.send_error(404)

    def say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_the_hub(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    index = json.dumps({"metadata": {"total_size": 77}}).encode()
    config = json.dumps(configs.QWEN3_14B).encode()
    files = {"config.json": config, "model.safetensors.index.json": index}
    monkeypatch.setattr(Hub, "files", files)
    found = read("org/model", hub)
    assert (found.bytes, found.repo, found.architecture.layers) == (77, "org/model", 40)
    with pytest.raises(FirstlightError, match="does not give Qwen/Qwen3-8B"):
        read("Qwen/Qwen3-8B", hub)  # a hub that is named is asked, the catalogue is not
    monkeypatch.setattr(Hub, "files", {"config.json": config, "a.safetensors": b"12345"})
    assert read("org/model", hub).bytes == 5


def test_a_hub_that_does_not_give_it(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hub, "files", {"README.md": b""})
    for repo in ("org/model", "org/none"):
        with pytest.raises(FirstlightError, match="does not give"):
            read(repo, hub)
    with pytest.raises(FirstlightError, match="does not give"):
        read("org/model", "http://127.0.0.1:9")
