"""The SIMULATED vendor's archive: recipes, real packages, real signatures, faults."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstlight.lab.gpus import archive, debfile
from firstlight.lab.gpus.packages import driver, kernel, text
from firstlight.lab.services.archive_server import Archive

TOOLS = all(shutil.which(name) for name in ("dpkg-deb", "gpg", "gpg-agent"))
needs_tools = pytest.mark.skipif(not TOOLS, reason="dpkg-deb or gpg is not installed")
MACHINE, KERNEL = "amd64", "6.1.2_X"


def recipes() -> list[debfile.Recipe]:
    known = archive.repositories(MACHINE, KERNEL)
    return [recipe for each in known for recipe in (*each.recipes, *each.newer)]


@pytest.mark.parametrize("path", sorted(text.FOLDER.iterdir()), ids=lambda path: path.name)
def test_every_program_says_that_it_is_a_stand_in(path: Path) -> None:
    if path.suffix in ("", ".service", ".path", ".conf") and "postinst" not in path.name:
        plain = path.name == "dkms-prerm"
        assert plain or "SIMULATED" in path.read_text()
    assert len(path.read_text().splitlines()) <= 200


def test_names_are_filled_in_and_every_package_says_what_it_is() -> None:
    for recipe in recipes():
        texts = [text for _, text in recipe.files.values()] + list(recipe.scripts.values())
        assert not [each for each in texts if re.search(r"@[A-Z]+@", each)], recipe.name
        assert "(SIMULATED)" in debfile.control(recipe, MACHINE)
        assert re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", recipe.name)


def test_every_exact_dependency_is_in_the_archive() -> None:
    made = {(recipe.name, recipe.version) for recipe in recipes()}
    for recipe in recipes():
        for wanted in re.findall(r"([\w.+-]+) \(= ([^)]+)\)", recipe.relations.get("Depends", "")):
            assert wanted in made, recipe.name
    assert ("linux-headers-6.1.2-x", kernel.VERSION) in made


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small archive: one driver, one newer one."""
    folder = tmp_path_factory.mktemp("archive")
    first, newer = (driver.recipes(v, "t") for v in (driver.VERSIONS[0], driver.NEWER))
    small = archive.Repository("cuda", "cuda/debian13/x86_64", tuple(first), tuple(newer))
    archive._build([small], MACHINE, folder / "a.partial", folder / "a")
    return folder / "a"


@pytest.fixture
def served(built: Path, tmp_path: Path) -> Iterator[Archive]:
    with Archive(("127.0.0.1", 0), built, tmp_path) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def get(server: Archive, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def signer(path: Path, key: Path, home: Path) -> bool:
    """Whether ``key`` signed the file."""
    ring = home / "ring.gpg"
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet"]
    armored = ["--yes", "--output", str(ring), "--dearmor", str(key)]
    subprocess.run([*gpg, *armored], check=True, timeout=30)
    done = subprocess.run(
        ["gpgv", "--keyring", str(ring), str(path)], capture_output=True, timeout=30, check=False
    )
    return done.returncode == 0


@needs_tools
def test_packages_and_signatures_are_real(built: Path, tmp_path: Path) -> None:
    folder = built / "cuda/debian13/x86_64"
    deb = folder / f"nvidia-driver-cuda_{driver.VERSIONS[0]}-1_amd64.deb"
    words = ["dpkg-deb", "--field", str(deb)]
    shown = subprocess.run(words, capture_output=True, text=True, timeout=30, check=True)
    assert "Source: nvidia-driver\n" in shown.stdout
    known = archive.described(built)["cuda"]
    assert known["path"] == "cuda/debian13/x86_64/"
    tmp_path.chmod(0o700)
    other = built / "variants/stranger/cuda/debian13/x86_64"
    assert shutil.which("gpgv") is None or signer(
        folder / "InRelease", built / "cuda.asc", tmp_path
    )
    assert not signer(other / "InRelease", built / "cuda.asc", tmp_path)


@needs_tools
def test_faults_are_switched_at_any_time(served: Archive) -> None:
    index, deb = "/cuda/debian13/x86_64/Packages", next(served.root.rglob("*cuda_*.deb"))
    path = f"/cuda/debian13/x86_64/{deb.name}"

    def fault(**switches: object) -> None:
        (served.switches / "faults.json").write_text(json.dumps(switches))

    assert get(served, path) == (200, deb.read_bytes())
    assert driver.NEWER.encode() not in get(served, index)[1]
    fault(variant="newer")
    assert driver.NEWER.encode() in get(served, index)[1]
    fault(status={"*": 503})
    assert get(served, path)[0] == 503
    fault(cut_after={deb.name: 100})
    with pytest.raises(http.client.IncompleteRead):
        get(served, path)
    fault(corrupt=[deb.name])
    assert get(served, path)[1] != deb.read_bytes()
    fault()
    assert get(served, "/../a.key")[0] == get(served, "/%2e%2e/keys/cuda.key")[0] == 404


@needs_tools
def test_an_archive_built_anew_keeps_its_keys(built: Path, tmp_path: Path) -> None:
    shutil.copytree(built.parent / "keys", tmp_path / "keys")
    assert (tmp_path / "keys/cuda.key").stat().st_mode & 0o777 == 0o600
    empty = archive.Repository("cuda", "cuda/debian13/x86_64", ())
    archive._build([empty], MACHINE, tmp_path / "b.partial", tmp_path / "b")
    before, after = (archive.described(each)["cuda"] for each in (built, tmp_path / "b"))
    assert before["fingerprint"] == after["fingerprint"]


@needs_tools
def test_an_index_has_no_date_by_which_apt_could_keep_another(served: Archive) -> None:
    """Both may be of the same second and size; then apt would go on with the one it has."""
    connection = http.client.HTTPConnection(*served.server_address[:2], timeout=5)
    for name in ("InRelease", "Packages"):
        connection.request("GET", f"/cuda/debian13/x86_64/{name}")
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.getheader("Last-Modified")) == (200, None)
    connection.close()
