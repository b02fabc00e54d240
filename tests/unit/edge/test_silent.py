"""Copies that were silent on a request: silent.js itself, as the gates of an edge run it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from firstlight.rendering import verbatim

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="no Node.js")
# What nginx has and Node.js has not: the dictionary that all workers share.
ASK = """
import silent from './silent.js';
const seen = new Set();
const add = (name) => {
  if (name === 'full') { throw new Error('SharedMemoryError'); }
  return !seen.has(name) && Boolean(seen.add(name));
};
globalThis.ngx = { shared: { firstlight_silent: { add } } };
const said = JSON.parse(process.argv[2]).map(([name, status]) => {
  const request = { status, headersIn: { 'X-Request-Id': name }, error() {} };
  silent.counted(request);
  return request.status;
});
console.log(JSON.stringify(said));
"""


def said(folder: Path, *answers: tuple[str, int]) -> list[int]:
    """Return what the edge hears of gates that answer so to these requests."""
    (folder / "silent.js").write_text(verbatim("etc/nginx/firstlight/silent.js"))
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "ask.js").write_text(ASK)
    words = ["node", "ask.js", json.dumps(answers)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=30, check=True)
    found: list[int] = json.loads(done.stdout)
    return found


def test_the_second_that_is_silent_is_the_last(tmp_path: Path) -> None:
    first, second = ("a", 403), ("b", 403)
    assert said(tmp_path, first, second, first, second) == [403, 403, 504, 504]


def test_what_is_out_or_answers_is_not_counted(tmp_path: Path) -> None:
    out, silent, well = ("a", 502), ("a", 403), ("a", 200)
    answers = (out, out, silent, out, well, silent)
    assert said(tmp_path, *answers) == [502, 502, 403, 502, 200, 504]


def test_where_it_cannot_be_noted_nobody_else_is_asked(tmp_path: Path) -> None:
    assert said(tmp_path, ("full", 403), ("full", 502)) == [504, 502]
