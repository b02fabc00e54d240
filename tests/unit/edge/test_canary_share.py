"""Which keys a version that is tried out answers: route.js itself, asked for thousands of them."""

from __future__ import annotations

import json
import shutil
import subprocess
from math import sqrt
from pathlib import Path

import pytest

from firstlight.rendering import verbatim

NAMES = 10_000
pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="no Node.js")
# What nginx has and Node.js has not: the variables of a request, and where it is sent on to.
ASK = """
import fs from 'fs';
import route from './route.js';
const asked = JSON.parse(fs.readFileSync('asked.json'));
const found = asked.map(([key, token, model]) => {
  const request = {
    uri: `/models/${model}/v1/chat/completions`,
    variables: { key_name: key, jwt_name: token, client_models: '*', jwt_models: '*' },
    internalRedirect(to) { request.to = to.split('/')[2]; },
  };
  route.api(request);
  return request.to;
});
console.log(JSON.stringify(found));
"""


def answering(folder: Path, percent: int, asked: list[tuple[str, str, str]]) -> list[str]:
    """Return the pool that answers each (key, subject of a token, model)."""
    models = ("tiny", "other")
    to = {"paths": ["/v1/chat/completions"], "stable": "p0", "canary": "p0c", "percent": percent}
    table = {"names": {name: name for name in models}, "models": dict.fromkeys(models, to)}
    script = verbatim("etc/nginx/firstlight/route.js").replace("from '", "from './")
    (folder / "route.js").write_text(script.replace("'./crypto'", "'crypto'"))
    (folder / "model.js").write_text("export default {};")
    (folder / "routes.js").write_text(f"export default {json.dumps(table)};")
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "ask.js").write_text(ASK)
    (folder / "asked.json").write_text(json.dumps(asked))
    done = subprocess.run(
        ["node", "ask.js"], cwd=folder, capture_output=True, text=True, timeout=60, check=True
    )
    found: list[str] = json.loads(done.stdout)
    assert set(found) <= {"p0", "p0c"} and len(found) == len(asked)
    return found


def canary(folder: Path, percent: int, model: str = "tiny", form: str = "team-{}") -> set[int]:
    """The numbers of the keys that the canary of ``model`` answers."""
    asked = [(form.format(number), "", model) for number in range(NAMES)]
    found = answering(folder, percent, asked)
    return {number for number, pool in enumerate(found) if pool == "p0c"}


@pytest.mark.parametrize("percent", [5, 50])
@pytest.mark.parametrize("form", ["team-{}", "{:05d}", "jwt:user{}@example.com"])
def test_its_share_is_the_percentage_within_statistics(
    tmp_path: Path, percent: int, form: str
) -> None:
    share = percent / 100
    spread = sqrt(NAMES * share * (1 - share))
    assert abs(len(canary(tmp_path, percent, form=form)) - NAMES * share) < 3.5 * spread


def test_a_key_stays_where_it_is(tmp_path: Path) -> None:
    """Asked again, in another order, with a larger share; each model has keys of its own."""
    few = canary(tmp_path, 5)
    asked = [(f"team-{number}", "", "tiny") for number in reversed(range(NAMES))]
    again = answering(tmp_path, 5, asked)
    assert {NAMES - 1 - place for place, pool in enumerate(again) if pool == "p0c"} == few
    assert few < canary(tmp_path, 20)
    shared = few & canary(tmp_path, 5, model="other")
    assert len(shared) < 3 * NAMES * 0.05**2


def test_a_tokens_subject_counts_like_a_key(tmp_path: Path) -> None:
    keys = answering(tmp_path, 20, [(f"jwt:{number}", "", "tiny") for number in range(500)])
    tokens = answering(tmp_path, 20, [("", f"jwt:{number}", "tiny") for number in range(500)])
    assert keys == tokens and len(set(keys)) == 2
