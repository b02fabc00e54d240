"""Bad input is refused before the first change: what was found, what is expected, how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.rack import TestRack
from tests.lab.refused import explained, moved_in, untouched

Data = dict[str, Any]
NO_SUCH_IMAGE = "ggml-org/llama.cpp@sha256:" + "0" * 64


@pytest.fixture(scope="module", autouse=True)
def nothing_changes(deployed: TestRack) -> Iterator[None]:
    """All of these runs together leave the host as it was."""
    with untouched(deployed):
        yield


def models(rack: TestRack, **changes: Any) -> Data:
    return {"models": [rack.model(**changes)]}


def without(rack: TestRack, *keys: str, **changes: Any) -> Data:
    """The lab's model without ``keys``."""
    return {key: value for key, value in rack.model(**changes).items() if key not in keys}


def registry(rack: TestRack) -> str:
    return str(rack.state.extras["registry"]["address"])


def spare_address(rack: TestRack) -> str:
    return str(rack.state.network[250])


CASES: dict[str, tuple[Callable[[TestRack], Data], tuple[str, ...]]] = {
    # One run shows all mistakes: each of these would be refused alone, too.
    "names, a domain and keys that cannot be": (
        lambda rack: {
            "domain": "lab1..firstlight_internal",
            "edge": {"prot": 443},
            "models": [
                without(rack, "repo", "engine", "context", "file", name="qwen3-8c"),
                rack.model(name="newest", port=8001, image="ghcr.io/ggml-org/llama.cpp:latest"),
            ],
        },
        (
            "4 mistakes in the settings",
            'models[0].name: found the unknown "qwen3-8c"',
            'did you mean "qwen3-8b"',
            "models[1].image",
            "the newest can be any",
            "write ghcr.io/ggml-org/llama.cpp:TAG",
            'domain: found "lab1..firstlight_internal"',
            "expected a DNS name",
            'edge.prot: unknown key; did you mean "port"',
        ),
    ),
    "what no lock pins, and no API key file": (
        lambda rack: {
            "edge": {"api_keys": "nowhere/api-keys.toml"},
            "models": [
                without(rack, "revision"),
                rack.model(name="second", port=8001, revision="main"),
                rack.model(name="third", port=8002, image="ghcr.io/ggml-org/llama.cpp:server"),
            ],
        },
        (
            "4 mistakes in the settings",
            "models[0].revision: hf://firstlight/tiny is not in inventories/firstlight.lock",
            "models[1].revision: hf://firstlight/tiny@main is not in",
            "fix: firstlight lock inventories/lab.py",
            "models[2].image: the tag ghcr.io/ggml-org/llama.cpp:server is not",
            "edge.api_keys",
            "nowhere/api-keys.toml",
            "firstlight keys issue NAME --site",
        ),
    ),
    "a disk too small for the weights": (
        lambda rack: models(rack, **rack.repository("padded"), bytes="4TB"),
        ("the disk is too small for the weights of tiny", "4002.0 GB needed", "/srv/models"),
    ),
    "an image that is not in the registry": (
        lambda rack: models(rack, image=f"{registry(rack)}/{NO_SUCH_IMAGE}"),
        ("lab1: models[0].image", "not in the registry", NO_SUCH_IMAGE, "skopeo inspect"),
    ),
    "GPUs on a host whose containers cannot have any": (
        lambda rack: {**models(rack, gpus="all"), "nvidia": {"enabled": False}},
        ("GPUs are asked for by tiny", "no CDI specification", "nvidia.enabled"),
    ),
    "a user who is not root": (
        lambda rack: {"_sudo": False},
        ("commands do not run as root", "uid 1000", '"_sudo": True'),
    ),
    "a host that cannot be reached": (
        lambda rack: {"ssh_hostname": spare_address(rack)},
        ("[lab1] Could not connect", "Unable to connect to port 22 on "),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_refused(deployed: TestRack, case: str) -> None:
    data, words = CASES[case]
    run = deployed.deploy("lab1", data=data(deployed))
    explained(run, *words)
    if "reached" not in case:
        assert "refused, nothing was changed" in run.text


def test_a_host_with_another_key_is_not_logged_in_to(deployed: TestRack, tmp_path: Path) -> None:
    known = deployed.state.known_hosts.read_text().splitlines()
    keys = [line.split()[2] for line in known]
    swapped = [
        line.replace(key, other) for line, key, other in zip(known, keys, keys[::-1], strict=True)
    ]
    (tmp_path / "known_hosts").write_text("\n".join(swapped) + "\n")
    run = deployed.deploy("lab1", data={"ssh_known_hosts_file": str(tmp_path / "known_hosts")})
    explained(run, f"Host key for {deployed.address('lab1')} does not match")
    (tmp_path / "known_hosts").write_text("")
    run = deployed.deploy("lab1", data={"ssh_known_hosts_file": str(tmp_path / "known_hosts")})
    explained(run, f"No host key for {deployed.address('lab1')} found")


@pytest.mark.parametrize(
    ("system", "version", "words"),
    [
        ("fedora", "42", ("fedora 42", "not supported", "debian 12", "debian 13", "ubuntu 24.04")),
        ("debian", "12", ("Docker 20.10.24 of debian 12 is too old", "CDI", '"source": "docker"')),
        ("ubuntu", "22.04", ("nginx 1.18.0 of ubuntu 22.04 cannot be the edge",)),
    ],
)
def test_a_system_that_cannot_do_it(
    deployed: TestRack, system: str, version: str, words: tuple[str, ...]
) -> None:
    text = f'ID={system}\nVERSION_ID="{version}"\nPRETTY_NAME="SIMULATED {system} {version}"'
    with moved_in(deployed, "/usr/lib/os-release", text):
        run = deployed.deploy("lab1")
    explained(run, "refused, nothing was changed", *words)


def test_a_port_that_another_program_holds(deployed: TestRack) -> None:
    script = "import socket, time; held = socket.create_server(('', 8443)); time.sleep(60)"
    deployed.sh("lab1", f'systemd-run --quiet --unit=port-holder python3 -c "{script}"')
    try:
        run = deployed.deploy("lab1", data={"edge": {"port": 8443}})
    finally:
        deployed.sh("lab1", "systemctl stop port-holder")
    explained(run, "port 8443 is taken by python3", "edge.port", "choose another port")
