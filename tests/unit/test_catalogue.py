"""The catalogue: every row is whole, names its source, and can be used by the settings."""

from __future__ import annotations

import re

import pytest
from pydantic import TypeAdapter

from firstlight.catalogue import docker_archive, engines, models, supported_system, systems
from firstlight.errors import FirstlightError
from firstlight.settings.model_value import FlagName, ModelName, Pattern, RepoId
from firstlight.settings.value import Package


@pytest.mark.parametrize("name", list(models()))
def test_models(name: str) -> None:
    row = models()[name]
    assert TypeAdapter(ModelName).validate_python(name) == name == name.lower()
    assert TypeAdapter(RepoId).validate_python(row.repo)
    assert row.engine in engines() and row.source
    assert 4096 <= row.context <= 2**24 and 10**9 < row.bytes < 10**12


def test_models_are_named_once() -> None:
    assert len({row.repo for row in models().values()}) == len(models())


@pytest.mark.parametrize("name", list(engines()))
def test_engines(name: str) -> None:
    row = engines()[name]
    assert not set(row.owned) & set(row.refused) and row.source
    for flag in (*row.owned, *row.refused):
        assert TypeAdapter(FlagName).validate_python(flag)
    for pattern in row.include:
        assert TypeAdapter(Pattern).validate_python(pattern)


@pytest.mark.parametrize("name", list(systems()))
def test_systems(name: str) -> None:
    row = systems()[name]
    assert name == f"{row.id} {row.version}" and row.source
    assert supported_system(row.id, row.version) == row
    assert row.docker_cdi is not bool(row.docker_refused)
    assert bool(row.docker_packages) is bool(row.docker_version)
    assert bool(row.codename) is (row.manager == "apt")
    assert row.clock_unit.endswith(".service")
    njs = tuple(int(part) for part in row.njs_version.split(".")) if row.njs_version else ()
    assert any("http-js" in package for package in row.nginx_packages) is bool(njs)
    # Shared dictionaries came with 0.8.0, their items with 0.8.1.
    assert bool(row.nginx_refused) is (njs < (0, 8, 2))
    for package in (*row.docker_packages, *row.upstream_packages, *row.nginx_packages):
        assert TypeAdapter(Package).validate_python(package)


def test_cdi_needs_docker_25() -> None:
    for row in systems().values():
        assert row.docker_cdi is (int((row.docker_version or "0").split(".")[0]) >= 25)


@pytest.mark.parametrize(
    ("id", "version"),
    [
        ("debian", "11"), ("fedora", "43"), ("", ""), ("Debian", "13"), ("debian", "13.2"),
        ("rhel", "8.10"), ("rhel", "90"), ("rocky", ""), ("centos", "9"), ("ubuntu", "26"),
    ],
)  # fmt: skip
def test_unsupported_systems(id: str, version: str) -> None:
    with pytest.raises(FirstlightError) as error:
        supported_system(id, version, where="gpu1")
    assert error.value.where == "gpu1" and error.value.why
    assert error.value.fix == f"install one of: {', '.join(systems())}"


@pytest.mark.parametrize("id", ["rhel", "rocky", "almalinux"])
@pytest.mark.parametrize(
    ("version", "major"), [("9", "9"), ("9.0", "9"), ("9.6", "9"), ("10.1", "10")]
)
def test_a_minor_release_is_its_major_one(id: str, version: str, major: str) -> None:
    assert supported_system(id, version) == systems()[f"{id} {major}"]


def test_dockers_archives() -> None:
    apt, dnf = docker_archive("apt"), docker_archive("dnf")
    assert apt.key_url.format(id="debian") == f"{apt.url}/debian/gpg"
    assert dnf.key_url == f"{dnf.url}/gpg"
    for archive in (apt, dnf):
        assert re.fullmatch("[0-9A-F]{40}", archive.fingerprint)
    assert apt.fingerprint != dnf.fingerprint
