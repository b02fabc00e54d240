"""What differs between systems on a host that any of them can be: no edge, Docker's own packages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from firstlight.catalogue import docker_archive, systems
from firstlight.facts.engines import Engines, EngineState, EngineStates
from firstlight.facts.packages import InstalledPackages
from firstlight.facts.probe import HostProbe
from firstlight.operations.files import File
from firstlight.rendering import TEMPLATES
from tests.roles.hosts import bare, made
from tests.roles.stage import Played, Stage
from tests.roles.test_plans import EXPECTED, as_text, expect

INVENTORY = Path(__file__).parent / "inventories/engine_only.py"
DNF = [name for name, system in systems().items() if system.manager == "dnf"]
KEY = "/etc/pki/rpm-gpg/RPM-GPG-KEY-docker"


def asked_for(stage: Stage, name: str) -> tuple[Played, list[str]]:
    """The plan, and the packages that a bare host is asked about, in their order."""
    facts, asked = bare(systems()[name]), []

    def noting(settings, kind, arguments):  # type: ignore[no-untyped-def]
        if kind is InstalledPackages:
            asked.extend(arguments["names"])
        return facts(settings, kind, arguments)

    return stage.play(INVENTORY, noting), list(dict.fromkeys(asked))


# Those that others are compared with come first, for UPDATE_EXPECTED.
@pytest.mark.parametrize("name", dict.fromkeys(["debian 13", "rhel 9", "rhel 10", *systems()]))
def test_a_host_without_an_edge(stage: Stage, name: str) -> None:
    played, packages = asked_for(stage, name)
    text = f"{as_text(played)}  packages\n" + "".join(f"    {each}\n" for each in packages)
    first = f"rhel {systems()[name].version}" if name in DNF else "debian 13"
    if name != first and text == (EXPECTED / f"engine-only-{dashed(first)}.txt").read_text():
        text = f"as on {first}\n"
    expect(f"engine-only-{dashed(name)}", text)


def dashed(name: str) -> str:
    return name.replace(" ", "-")


@pytest.mark.parametrize("name", ["debian 13", "ubuntu 26.04", *DNF])
def test_a_second_run_changes_nothing(stage: Stage, name: str) -> None:
    first = stage.play(INVENTORY, bare(systems()[name]))
    assert first.changes["engine1"]
    second = stage.play(INVENTORY, made(systems()[name], first))
    assert second.changes == {"engine1": []} and second.written == {}


@pytest.mark.parametrize("name", DNF)
def test_dockers_repository_for_dnf(stage: Stage, name: str) -> None:
    """The key that packages are checked with is the one that is written, and never downloaded."""
    written = stage.play(INVENTORY, bare(systems()[name])).written["engine1"]
    repository, key = written["/etc/yum.repos.d/docker.repo"], written[KEY]
    assert isinstance(repository, File) and isinstance(key, File)
    assert key.data == (TEMPLATES / KEY[1:]).read_bytes()
    lines = repository.data.decode().splitlines()
    assert lines[0].startswith("#") and lines[1:] == [
        "[docker-ce-stable]",
        "name=Docker CE Stable",
        f"baseurl={docker_archive('dnf').url}/{systems()[name].version}/$basearch/stable",
        "enabled=1",
        "gpgcheck=1",
        f"gpgkey=file://{KEY}",
    ]
    assert not any(path.startswith("/etc/apt/") for path in written)


@pytest.mark.parametrize(
    ("name", "python", "authorities"),
    [
        ("debian 13", "python3", "/etc/ssl/certs/ca-certificates.crt"),
        ("rocky 9", "python3.12", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),
        ("rocky 10", "python3", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),
    ],
)
def test_the_fetch_program_has_a_python_and_authorities(
    stage: Stage, name: str, python: str, authorities: str
) -> None:
    """RHEL 9's own Python is too old for it, and its CAs stand elsewhere."""
    played, packages = asked_for(stage, name)
    unit = played.written["engine1"]["/etc/systemd/system/firstlight-weights@.service"]
    assert isinstance(unit, File)
    assert f"\nExecStart=/usr/bin/{python} -I " in unit.data.decode()
    assert f" SSL_CERT_FILE={authorities}\n" in unit.data.decode()
    assert {python, f"/usr/bin/{python}"} & set(packages)


def test_engines_go_with_the_last_model(stage: Stage) -> None:
    inventory, facts = INVENTORY.with_name("no_models.py"), bare(systems()["debian 13"])

    def serving(settings, kind, arguments):  # type: ignore[no-untyped-def]
        found = facts(settings, kind, arguments)
        if kind is HostProbe:
            return replace(found, engines=frozenset({"firstlight-engine-tiny.service"}))
        if kind is EngineStates:
            return Engines({"tiny": EngineState("active", True, False, "spec")})
        return found

    retired = "Engine | Retire engines of models no longer served"
    assert retired in stage.play(inventory, serving).changes["monitor1"]
    assert not any("Engine" in each for each in stage.play(inventory, facts).changes["monitor1"])
