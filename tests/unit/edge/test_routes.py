"""The names clients may ask for, and how a request's model is found in its body."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from firstlight.edge import routes
from firstlight.rendering import verbatim
from tests.unit.edge.conftest import MakeSite, served

LORA = {"name": "polite", "weights": "hf://a/b@" + "2" * 40}
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="no Node.js")
RUN = """
import model from './model.js';
import fs from 'fs';
const bodies = JSON.parse(fs.readFileSync('bodies.json'));
const found = bodies.map((hex) => model.named({
  headersIn: { 'Content-Type': 'application/json; charset=utf-8' }, requestBuffer: Buffer.from(hex, 'hex'),
}));
console.log(JSON.stringify(found));
"""


def test_adapters_are_models_to_clients(site_of: MakeSite) -> None:
    _, publics = served(site_of(gpu1={"models": [{"engine": "vllm", "lora": [LORA]}, {}]}), "gpu1")
    table = json.loads(routes.script(publics).removeprefix("export default ").rstrip(";\n"))
    assert table["names"] == {"polite": "qwen3-8b", "qwen3-8b": "qwen3-8b", "tiny": "tiny"}
    parents = {each["id"]: each.get("parent") for each in table["listed"]}
    assert parents == {"qwen3-8b": None, "polite": "qwen3-8b", "tiny": None}
    assert "/v1/responses" in table["models"]["qwen3-8b"]["paths"]
    assert "/v1/responses" not in table["models"]["tiny"]["paths"]
    # A path that one model has is a path of the door; which model it is decides the rest.
    assert "/v1/responses" in routes.paths(publics)


def found_in(folder: Path, *bodies: bytes) -> list[dict[str, Any]]:
    (folder / "model.js").write_text(verbatim("etc/nginx/firstlight/model.js"))
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "run.js").write_text(RUN)
    (folder / "bodies.json").write_text(json.dumps([body.hex() for body in bodies]))
    done = subprocess.run(
        ["node", "run.js"], cwd=folder, capture_output=True, text=True, timeout=60, check=True
    )
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def shuffled(draw: random.Random, depth: int = 0) -> Any:
    """Return any JSON value, with signs and escapes where they could be taken for others."""
    kind = draw.choice("sssnbl" if depth > 3 else "sssnbldd")
    if kind == "s":
        return "".join(draw.choices('ab"\\{}[]:, \n\u00e9\u2028😀model', k=draw.randrange(12)))
    if kind == "n":
        return draw.choice([0, -1.5e9, 10**30, None])
    if kind == "b":
        return draw.random() < 0.5
    if kind == "l":
        return [shuffled(draw, depth + 1) for _ in range(draw.randrange(4))]
    return {draw.choice(["model", "messages", '"model"', "m\\", "é", ""]): shuffled(draw, depth + 1)
            for _ in range(draw.randrange(4))}  # fmt: skip


@needs_node
def test_the_model_is_what_a_json_parser_finds(tmp_path: Path) -> None:
    draw = random.Random(5)
    wanted, bodies = [], []
    for _ in range(400):
        pairs = [(f"k{n}", shuffled(draw)) for n in range(draw.randrange(4))]
        name = shuffled(draw) if draw.random() < 0.3 else draw.choice(["tiny", "é/x:y", 'q"\\', ""])
        pairs.insert(draw.randrange(len(pairs) + 1), ("model", name))
        dumped = json.dumps(
            dict(pairs), ensure_ascii=draw.random() < 0.5, indent=draw.choice([None, 1, "\t"])
        )
        bodies.append(dumped.encode())
        wanted.append(name if isinstance(name, str) else None)
    answers = found_in(tmp_path, *bodies)
    assert [each.get("name") for each in answers] == wanted
    assert {each.get("code") for each in answers} == {None, "invalid_model"}


@needs_node
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[1]", "invalid_json"), (b"null", "invalid_json"), (b"{", "invalid_json"),
        (b'{"model":"a"', "invalid_json"), (b'{"model":"a"} {}', "invalid_json"),
        (b'{"model":"a\\"}', "invalid_json"), (b'\xef\xbb\xbf{"model":"a"}', "invalid_json"),
        (b"{}", "missing_model"), (b'{"messages":[{"model":"a"}]}', "missing_model"),
        (b'{"model":"a","model":"b"}', "invalid_model"),
        (b'{"model":"a","mod\\u0065l":"b"}', "invalid_model"),
        (b'{"model":["a"]}', "invalid_model"), (b'{"model":"' + b"a" * 300 + b'"}', "invalid_model"),
        (b'{"x":' + b"[" * 60_000 + b"]" * 60_000 + b"}", "body_too_complex"),
        (b'{"x":"' + b'\\"' * 110_000 + b'"}', "body_too_complex"),
    ],
)  # fmt: skip
def test_what_has_no_one_model_is_refused(tmp_path: Path, body: bytes, code: str) -> None:
    (answer,) = found_in(tmp_path, body)
    assert answer["code"] == code and "name" not in answer


@needs_node
def test_an_escaped_name_is_the_name(tmp_path: Path) -> None:
    large = b'{"image":"' + b"A" * (32 << 20) + b'", "mod\\u0065l" : "t\\u0069ny"}'
    assert found_in(tmp_path, large) == [{"name": "tiny"}]
