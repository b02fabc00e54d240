"""Images by tag and models by branch: nothing moves on a host until the lock does."""

from __future__ import annotations

import hashlib
import json
import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.rack import BIN, ROOT, Run, TestRack, command, firstlight
from tests.lab.refused import explained, untouched

TAG = "locked"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INVENTORY = f"""\
import os

from firstlight.lab.inventory import lab_inventory

hosts = lab_inventory(name=os.environ["FIRSTLIGHT_LAB"], engine="llamacpp")
for _, data in hosts:
    (model,) = data["models"]
    model["image"] = model["image"].partition("@")[0] + ":{TAG}"
    model["revision"] = "main"
    data["ssh_strict_host_key_checking"] = "yes"

gpu = edge = hosts
"""


class Tagged:
    """An inventory whose image is a tag that the test moves, and whose model is a branch."""

    def __init__(self, rack: TestRack, folder: Path) -> None:
        self.rack = rack
        self.file = folder / "site.py"
        self.file.write_text(INVENTORY)
        self.name, _, self.first = rack.model()["image"].partition("@")
        self.manifest = self._manifest("GET", self.first)

    def deploy(self, *flags: str) -> Run:
        words = ["--limit", "lab1", "-y", *flags, str(self.file), "deploys/stack.py"]
        return command(str(BIN / "pyinfra"), *words)

    def move(self, **annotations: str) -> str:
        """Let the tag lead to the lab's image with ``annotations``; return its digest."""
        content = self.manifest
        if annotations:
            content = json.dumps({**json.loads(content), "annotations": annotations}).encode()
        self._manifest("PUT", TAG, content)
        return f"sha256:{hashlib.sha256(content).hexdigest()}"

    def serving(self) -> str:
        """The image of the container that serves on lab1."""
        return self.rack.sh("lab1", "docker inspect -f '{{.Config.Image}}' firstlight-tiny").out

    def _manifest(self, method: str, reference: str, content: bytes | None = None) -> bytes:
        server, _, repository = self.name.partition("/")
        ca = ROOT / self.rack.state.extras["registry"]["ca"]
        request = urllib.request.Request(
            f"https://{server}/v2/{repository}/manifests/{reference}",
            data=content,
            method=method,
            headers={"Accept": MANIFEST, "Content-Type": MANIFEST},
        )
        context = ssl.create_default_context(cafile=str(ca))
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            found: bytes = answer.read()
        return found


@pytest.fixture(scope="module")
def tagged(deployed: TestRack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tagged]:
    made = Tagged(deployed, tmp_path_factory.mktemp("site"))
    made.move()
    yield made
    assert deployed.deploy("lab1").code == 0  # back to what the inventory of the lab says


def test_without_a_lock_nothing_is_done(tagged: Tagged) -> None:
    with untouched(tagged.rack):
        run = tagged.deploy()
    lock = tagged.file.parent / "firstlight.lock"
    explained(run, "refused, nothing was changed", f"fix: firstlight lock {tagged.file}")
    assert f"models[0].image: the tag {tagged.name}:{TAG} is not in {lock}" in run.text
    assert f"models[0].revision: hf://firstlight/tiny@main is not in {lock}" in run.text


def test_the_lock_holds_a_host_until_it_is_updated(tagged: Tagged) -> None:
    (tagged.file.parent / "firstlight.lock").unlink(missing_ok=True)
    tagged.move()
    # what a new lock says is what serves already: the same digest and commit
    locked = firstlight("lock", str(tagged.file))
    assert f"{TAG}: (none) → {tagged.first[:19]}…" in locked.out
    run = tagged.deploy()
    assert run.code == 0, run.text
    assert tagged.serving().strip().endswith(tagged.first)

    # the tag moves, and the host does not
    second = tagged.move(of="the second build")
    assert "nothing to change" in firstlight("lock", str(tagged.file)).out
    again = tagged.deploy("--json")
    assert again.code == 0, again.text
    assert json.loads(again.out)["results"]["totals"]["success"] == 0
    assert tagged.serving().strip().endswith(tagged.first)

    # until somebody has seen the difference
    seen = firstlight("lock", "--update", "--check", str(tagged.file), check=False)
    line = f"image {tagged.name}:{TAG}: {tagged.first[:19]}… → {second[:19]}…"
    assert seen.code == 1 and line in seen.out
    assert line in firstlight("lock", "--update", str(tagged.file)).out
    upgrade = tagged.deploy()
    assert upgrade.code == 0, upgrade.text
    assert tagged.serving().strip().endswith(second)
    assert tagged.rack.client("lab1").answers()
