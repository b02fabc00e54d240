"""When a deploy asks for secrets: for what its own hosts need, once, before the first change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api.exceptions import PyinfraError

from firstlight.catalogue import systems
from firstlight.facts.credentials import HeldCredentials
from firstlight.operations.files import File
from firstlight.secret import Secret
from firstlight.secrets.resolved import forget
from firstlight.settings import HostSettings
from tests.roles.hosts import bare
from tests.roles.stage import Facts, Stage
from tests.site import MODEL

FILE = "/etc/firstlight/secrets/hub-token-tiny"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    forget()
    yield
    forget()


def inventory(folder: Path, **tokens: dict[str, Any]) -> Path:
    """An inventory of hosts that serve one model each, whose hub wants a token."""
    hosts = [
        (name, {"site": "lab", "domain": f"{name}.example.net", "models": [MODEL | {"hub_token": token}]})
        for name, token in tokens.items()
    ]  # fmt: skip
    path = folder / "secret.py"
    path.write_text(f"gpu = {hosts!r}\n")
    return path


def asking(folder: Path, end: str) -> dict[str, Any]:
    """A source that counts how often it is asked."""
    return {"command": ["sh", "-c", f"echo x >>'{folder}/asked'; {end}"]}


def without_credentials() -> Facts:
    found = bare(systems()["debian 13"])

    def facts(settings: HostSettings, kind: type, arguments: dict[str, Any]) -> Any:
        return {} if kind is HeldCredentials else found(settings, kind, arguments)

    return facts


def test_two_hosts_ask_once_and_both_get_it(stage: Stage, tmp_path: Path) -> None:
    source = asking(tmp_path, "echo tok-from-the-command")
    hosts = inventory(tmp_path, gpu1=source, gpu2=source)
    for deploy in ("stack", "models_pull"):
        played = stage.play(hosts, bare(systems()["debian 13"]), deploy)
        for written in played.written.values():
            item = written[FILE]
            assert isinstance(item, File) and item.mode == "600"
            assert item.content == Secret("tok-from-the-command")
    assert (tmp_path / "asked").read_text() == "x\n"


def test_an_edge_alone_needs_no_hubs_token(stage: Stage, tmp_path: Path) -> None:
    hosts = inventory(tmp_path, gpu1=asking(tmp_path, "exit 3"))
    stage.play(hosts, bare(systems()["debian 13"]), "edge")
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (None, "it ended with code 3\n       no such entry"),
        ({"credential": "hub"}, "the systemd credential hub is not on the host"),
        ({"env": "NOT_SET_ANYWHERE"}, "it is not set"),
    ],
)
def test_what_cannot_be_had_refuses_the_run(
    stage: Stage, tmp_path: Path, source: dict[str, Any] | None, said: str
) -> None:
    source = source or asking(tmp_path, "printf 'tok-%s' half; echo no such entry >&2; exit 3")
    hosts = inventory(tmp_path, gpu1={"command": ["echo", "word"]}, gpu2=source)
    with pytest.raises(PyinfraError, match="refused, nothing was changed") as error:
        stage.play(hosts, without_credentials())
    assert said in str(error.value) and "gpu2" in str(error.value)
    assert "tok-half" not in str(error.value)
    assert error.value.__cause__ is None
