"""``firstlight lock`` as an operator calls it, and what a run of pyinfra then finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from firstlight.cli.lock import lock
from firstlight.errors import FirstlightError
from firstlight.lock.file import read, write
from firstlight.lock.section import Lock, Section
from tests.unit.lock.conftest import MovingHub, TaggedRegistry
from tests.unit.server import say

INVENTORY = """\
print("an inventory may print")
hosts = [("@fake/gpu1", {{}}), ("@fake/gpu2", {{}})]
gpu = (hosts, {{
    "docker": {{"registries": {{"{server}": {{"ca": "ca.pem"}}}}}},
    "nvidia": {{"version": "580.178.04"}},
}})
monitor = [("@fake/monitor1", {{"monitor": {{"enabled": False}}}})]
"""
GROUP = """\
monitor = {{"enabled": False}}
models = ({{"name": "m", "engine": "vllm", "repo": "org/model", "image": "{image}:v1", "hub": "{hub}"}},)
an_object = object()
"""
Call = Callable[..., Result]


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: MovingHub, tagged: TaggedRegistry
) -> Call:
    """Call ``firstlight lock`` for inventories/prod.py, whose models stand in group data."""
    folder = tmp_path / "site/inventories"
    (folder / "group_data").mkdir(parents=True)
    (tmp_path / "site/ca.pem").write_bytes(tagged.ca.read_bytes())
    (folder / "prod.py").write_text(INVENTORY.format(server=tagged.image.partition("/")[0]))
    (folder / "group_data/gpu.py").write_text(GROUP.format(image=tagged.image, hub=hub.url))
    monkeypatch.chdir(tmp_path / "site")

    def call(*flags: str) -> Result:
        result = CliRunner().invoke(lock, ["inventories/prod.py", *flags], obj={})
        if isinstance(result.exception, FirstlightError):
            raise result.exception
        return result

    return call


LOCK = Path("inventories/firstlight.lock")


def test_from_nothing_to_an_update(call: Call, hub: MovingHub, tagged: TaggedRegistry) -> None:
    write(LOCK, Lock(inventories={"other.py": Section(packages={"x": "1"})}))
    first = call()
    section = read(LOCK).section("prod.py")
    (image,), (weights,) = section.images.items(), section.weights.items()
    assert first.exit_code == 0
    assert f"image {image[0]}: (none) → {image[1][:19]}…" in first.output
    assert (image[0], weights[0]) == (f"{tagged.image}:v1", "hf://org/model")
    assert weights[1].revision == hub.commit and weights[1].bytes == 9
    assert section.packages == {"nvidia-driver-580": "580.178.04"}
    assert "1 image, 1 source of weights, 1 package for prod.py" in first.output

    text = LOCK.read_bytes()
    hub.move(b"other weights")
    tagged.move("second")
    assert "nothing to change: inventories/firstlight.lock has 1 image" in call().output
    assert call("--check").exit_code == 0
    seen = call("--check", "--update")
    assert (seen.exit_code, LOCK.read_bytes()) == (1, text)

    update = call("--update")
    assert update.exit_code == 0
    assert "changed: model.safetensors)" in update.output
    assert len([line for line in update.output.splitlines() if " → " in line]) == 2
    after = read(LOCK)
    assert after.section("prod.py").weights["hf://org/model"].revision == hub.commit != weights[1]
    assert after.section("other.py").packages == {"x": "1"}
    assert "nothing to change" in call("--update").output


def test_check_asks_nobody_and_says_what_is_missing(
    call: Call, hub: MovingHub, tagged: TaggedRegistry
) -> None:
    found = call("--check")
    assert found.exit_code == 1 and not LOCK.exists() and tagged.server.requests == []
    assert (
        f"missing: image {tagged.image}:v1, asked for by @fake/gpu1: models[0].image"
        in found.output
    )
    assert "run: firstlight lock inventories/prod.py" in found.output


def test_what_nobody_asks_for_is_dropped(call: Call) -> None:
    old = Section(images={"docker.io/old:v1": "sha256:" + "0" * 64})
    write(LOCK, Lock(inventories={"prod.py": old}))
    assert "stale: image docker.io/old:v1" in call("--check").output
    assert "image docker.io/old:v1: sha256:000000000000… → (none)" in call().output
    assert "docker.io/old" not in LOCK.read_text()


def test_a_failure_leaves_the_lock_as_it_was(
    call: Call, hub: MovingHub, tagged: TaggedRegistry
) -> None:
    call()
    text = LOCK.read_bytes()
    hub.move(b"other weights")
    tagged.server.answer = lambda handler: say(handler, 503, b"")
    with pytest.raises(FirstlightError, match="does not give the image") as error:
        call("--update")
    assert "@fake/gpu1: models[0].image" in str(error.value)
    assert LOCK.read_bytes() == text


@pytest.mark.parametrize(
    ("text", "why"),
    [("1 / 0", "ZeroDivisionError: division by zero"), ("hosts = [", "SyntaxError")],
)
def test_an_inventory_that_cannot_be_read(call: Call, text: str, why: str) -> None:
    Path("inventories/prod.py").write_text(text)
    with pytest.raises(FirstlightError, match="the inventory cannot be read") as error:
        call()
    assert why in error.value.why and "Traceback" not in str(error.value)


def test_no_inventory(call: Call) -> None:
    Path("inventories/prod.py").unlink()
    with pytest.raises(FirstlightError, match="there is no such inventory"):
        call()
