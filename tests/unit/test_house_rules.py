"""Rules of the house that a reader would otherwise have to check by eye."""

from __future__ import annotations

import ast
import configparser
import importlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pyinfra.api import FactBase

from firstlight.catalogue import docker_archive
from roles.docker import ARCHIVE_KEY
from roles.owned import Owned

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(
    path
    for path in (ROOT / "roles").glob("*.py")
    if path.stem not in ("__init__", "owned", "front", "ground", "openings", "watch")
)
PURE = [
    "settings",
    "lock",
    "catalogue",
    "engines",
    "keys",
    "pki.py",
    "certificate.py",
    "secrets",
    "weights",
    "firewall",
    "sizing",
]


def python(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def ours() -> list[Path]:
    """Return the files that belong to the project, committed or not yet."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [path for name in done.stdout.split("\0") if (path := ROOT / name).is_file()]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_files_stay_small() -> None:
    files = python("firstlight", "roles", "deploys", "inventories", "tests", "benchmarks")
    long = {name(path): n for path in files if (n := len(path.read_text().splitlines())) > 200}
    assert long == {}


def test_deploys_read_like_a_table_of_contents() -> None:
    for path in python("deploys"):
        text = path.read_text()
        assert len(text.splitlines()) <= 40, path
        assert ast.get_docstring(ast.parse(text)), path


def test_roles_write_through_our_operations_only() -> None:
    shortcut = re.compile(
        r"server\.shell|host\.data|files\.(put|template|line|block)\b|python\.call"
    )
    found = [name(path) for path in python("roles", "deploys") if shortcut.search(path.read_text())]
    assert found == []


def test_host_data_is_read_in_one_place() -> None:
    readers = [name(p) for p in python("firstlight") if re.search(r"\bhost\.data\b", p.read_text())]
    assert readers == []  # adapter.inventory_data reads the inventory's hosts, all at once


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_what_is_pure_knows_no_pyinfra() -> None:
    files = [path for part in PURE for path in python("firstlight") if part in path.parts]
    assert len(files) > 20
    assert [name(p) for p in files if any(m.split(".")[0] == "pyinfra" for m in imported(p))] == []


def test_operations_know_no_role() -> None:
    for path in python("firstlight"):
        assert not any(module.split(".")[0] in ("roles", "deploys") for module in imported(path))


@pytest.mark.parametrize("path", ROLES, ids=lambda path: path.stem)
def test_a_role_is_a_room(path: Path) -> None:
    text = path.read_text()
    module = importlib.import_module(f"roles.{path.stem}")
    assert ast.get_docstring(ast.parse(text))
    assert isinstance(module.OWNS, Owned)
    assert re.findall(r'^@deploy\("([A-Z][a-z]+)"\)\ndef (\w+)\(', text, re.M) == [
        (path.stem.capitalize(), path.stem)
    ]
    parts = re.findall(r"^    # (install|configure|activate)$", text, re.M)
    order = ["install", "configure", "activate"]
    assert parts == [part for part in order if part in parts]


def test_facts_never_write() -> None:
    for path in python("firstlight/facts"):
        module = importlib.import_module(f"firstlight.facts.{path.stem}")
        assert (
            any(
                isinstance(each, type) and issubclass(each, FactBase)
                for each in vars(module).values()
            )
            or path.stem == "__init__"
        )
        for text in [each for each in vars(module).values() if isinstance(each, str)]:
            bare = re.sub(r"\d?>(/dev/null|&\d)|'[^']*'|\"[^\"]*\\\"[^\"]*\"", "", text)
            if "\n" in text and text is not module.__doc__:
                assert not re.search(
                    r"(^|[;&|{(\s])(rm|mv|cp|tee|touch|mkdir|chmod|install) ", bare
                )
                assert ">" not in re.sub(r"[<>=]=|->", "", bare), (path, bare)


def package_indexes() -> set[str]:
    """Return the hosts that this machine gets its packages from."""
    urls: list[str] = []
    for path in [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]:
        if path.is_file():
            lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
            urls += re.findall(r"\b(?:https?|ftp)://[^\s\]]+", "\n".join(lines))
    for path in [
        Path("/etc/pip.conf"),
        Path.home() / ".config/pip/pip.conf",
        Path.home() / ".pip/pip.conf",
    ]:
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(path)
        urls += [
            word for part in parser.values() for text in part.values() for word in text.split()
        ]
    hosts = {urlsplit(url).hostname for url in urls if "://" in url}
    archive = urlsplit(docker_archive().url).hostname  # a product's own source, and named as one
    return {host for host in hosts if host and "." in host and host != archive}


def test_no_package_index_is_named() -> None:
    """Whose mirror a user has is the user's business: it is taken from the machine."""
    hosts = package_indexes()
    if not hosts:
        pytest.skip("this machine names no package index")
    named = re.compile("|".join(re.escape(host) for host in sorted(hosts)))
    texts = {name(path): path.read_bytes().decode("utf-8", "replace") for path in ours()}
    assert [path for path, text in texts.items() if named.search(text)] == []


@pytest.mark.parametrize("manager", ["apt", "dnf"])
def test_dockers_archive_key_is_the_one_of_the_catalogue(tmp_path: Path, manager: Any) -> None:
    if shutil.which("gpg") is None:
        pytest.skip("gpg is not installed")
    key = ROOT / "templates" / ARCHIVE_KEY[manager]
    command = [
        "gpg",
        "--homedir",
        str(tmp_path),
        "--batch",
        "--with-colons",
        "--show-keys",
        str(key),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r"^pub:.*\nfpr:+([0-9A-F]{40}):", done.stdout, re.M)
    assert found is not None and found[1] == docker_archive(manager).fingerprint
    assert done.stdout.count("pub:") == 1


def test_the_vagrantfile_is_ruby() -> None:
    ruby, path = shutil.which("ruby"), ROOT / "Vagrantfile"
    if ruby is None or not path.exists():
        pytest.skip("no ruby, or no Vagrantfile")
    done = subprocess.run([ruby, "-c", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
