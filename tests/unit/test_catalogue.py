"""The catalogue: every row is whole, names its source, and can be used by the settings."""

from __future__ import annotations

import re

import pytest
from pydantic import TypeAdapter

from firstlight.catalogue import docker_archive, engines, models, supported_system, systems
from firstlight.errors import FirstlightError
from firstlight.settings.model import FlagName, ModelName, Pattern, RepoId
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
    assert any("http-js" in package for package in row.nginx_packages) is not bool(
        row.nginx_refused
    )
    for package in (*row.docker_packages, *row.upstream_packages, *row.nginx_packages):
        assert TypeAdapter(Package).validate_python(package)


def test_cdi_needs_docker_25() -> None:
    for row in systems().values():
        assert row.docker_cdi is (int(row.docker_version.split(".")[0]) >= 25)


@pytest.mark.parametrize(
    ("id", "version"), [("debian", "11"), ("fedora", "43"), ("", ""), ("Debian", "13")]
)
def test_unsupported_systems(id: str, version: str) -> None:
    with pytest.raises(FirstlightError) as error:
        supported_system(id, version, where="gpu1")
    assert error.value.where == "gpu1" and error.value.why
    assert error.value.fix == "install one of: debian 12, debian 13, ubuntu 22.04, ubuntu 24.04"


def test_dockers_archive() -> None:
    archive = docker_archive()
    assert re.fullmatch("[0-9A-F]{40}", archive.fingerprint)
    assert archive.key_url.format(id="debian") == f"{archive.url}/debian/gpg"
