"""What the stack would do to the hosts of every example inventory, on every supported system.

The expected plans stand in ``expected/``; UPDATE_EXPECTED=1 writes them anew, for a look at
what git says has changed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from pyinfra.api.exceptions import PyinfraError

from firstlight.catalogue import systems
from firstlight.engines.unit import FOLDER
from firstlight.operations.files import Directory, File
from firstlight.secret import Secret
from tests.roles.hosts import bare, made
from tests.roles.stage import ROOT, Played, Stage

EXPECTED = Path(__file__).parent / "expected"
EXAMPLES = sorted(path.stem for path in (ROOT / "inventories").glob("*.py"))
FIRST = "debian 13"
SYSTEMS = [FIRST, *sorted(set(systems()) - {FIRST})]
# Files that others tests look into, or that are copied as they stand.
NOT_SHOWN = re.compile(
    r"/etc/nginx/|/firstlight/tls/|/certs\.d/|docker\.asc|fetch\.pyz|receipt\.json|engine-watch|/usr/local/lib/firstlight/"
)


def expect(name: str, found: str) -> None:
    path = EXPECTED / f"{name}.txt"
    if os.environ.get("UPDATE_EXPECTED"):
        path.write_text(found)
    assert path.exists(), f"{path} is missing: run once with UPDATE_EXPECTED=1"
    assert found == path.read_text()


def steady(text: str) -> str:
    """Return ``text`` without the hashes of contents that are shown, or made for this test."""
    text = re.sub(r"/(config|watch|counters)-[0-9a-f]{12}", r"/\1-HASH", text)
    text = re.sub(r"firstlight\.spec=[0-9a-f]{32}", "firstlight.spec=HASH", text)
    return re.sub(r"(/releases/)[0-9a-f]{16}", r"\1RELEASE", text)


def listed(item: File | Directory) -> str:
    end = "/" if isinstance(item, Directory) else ""
    return steady(f"    {item.path}{end} {item.mode} {item.user}:{item.group}")


def as_text(played: Played) -> str:
    """Return what is planned by host; a host like one before it is not told again."""
    told: dict[str, str] = {}
    lines: list[str] = []
    for host, operations in played.changes.items():
        files = [listed(item) for item in played.written.get(host, {}).values()]
        body = "\n".join([*[f"  {name}" for name in operations], "  files", *files])
        lines.append(f"{host}: as {told[body]}" if body in told else f"{host}\n{body}")
        told.setdefault(body, host)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("example", EXAMPLES)
def test_a_bare_host(stage: Stage, example: str, system: str) -> None:
    inventory = ROOT / f"inventories/{example}.py"
    try:
        found = as_text(stage.play(inventory, bare(systems()[system])))
    except PyinfraError as error:
        # Of several hosts that refuse, the one that is looked at first says why.
        found = re.sub(r"@fake/|(?<=gpu)\d", "", f"{error}\n")
    first = EXPECTED / f"{example}-{FIRST.replace(' ', '-')}.txt"
    if system != FIRST and found == first.read_text():
        found = f"as on {FIRST}\n"
    expect(f"{example}-{system.replace(' ', '-')}", found)


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_second_run_changes_nothing(stage: Stage, example: str) -> None:
    inventory, system = ROOT / f"inventories/{example}.py", systems()["debian 13"]
    first = stage.play(inventory, bare(system))
    assert all(first.changes.values())
    second = stage.play(inventory, made(system, first))
    assert second.changes == {host: [] for host in first.changes}
    assert second.written == {}


@pytest.mark.parametrize("example", ["lab", "workstation"])
def test_what_is_written(stage: Stage, example: str) -> None:
    played = stage.play(ROOT / f"inventories/{example}.py", bare(systems()["debian 13"]))
    host = next(iter(played.changes))
    texts = [
        steady(f"=== {item.path}\n{item.data.decode()}")
        for item in played.written[host].values()
        if isinstance(item, File) and not NOT_SHOWN.search(item.path)
        if not isinstance(item.content, Secret)
    ]
    expect(f"{example}-files", "\n".join(text.rstrip("\n") for text in texts) + "\n")


def test_only_secrets_and_keys_are_private(stage: Stage) -> None:
    played = stage.play(ROOT / "inventories/workstation.py", bare(systems()["debian 13"]))
    for item in played.written["workstation"].values():
        if isinstance(item, File) and isinstance(item.content, Secret):
            if item.path.startswith(f"{FOLDER}/qwen3-8b/config-"):  # its container's user reads it
                assert (item.mode, item.user, item.group) == ("400", "2000", "0")
                continue
            assert item.mode == "600", item.path
            assert (item.user, item.group) == ("root", "root")


def written(stage: Stage, inventory: Path, system: str) -> dict[str, str]:
    """Return what would be written on the first host that serves, by file name."""
    played = stage.play(inventory, bare(systems()[system]))
    host = next(host for host, settings in played.settings.items() if settings.models)
    return {
        path.rsplit("/", 1)[1]: item.data.decode()
        for path, item in played.written[host].items()
        if isinstance(item, File)
    }


def test_systems_differ_where_they_must(stage: Stage) -> None:
    engines = ROOT / "tests/roles/inventories/engine_only.py"
    for name, growing in {"debian 12": False, "debian 13": True, "ubuntu 24.04": True}.items():
        assert ("RestartSteps=" in written(stage, engines, name)["next.service"]) is growing
    for name, http2 in {"debian 13": True, "ubuntu 24.04": False}.items():
        found = written(stage, ROOT / "inventories/workstation.py", name)["public.conf"]
        assert ("http2 on;" in found) is http2 and ("ssl http2 " in found) is not http2
    for name, suite in {"debian 13": "trixie", "ubuntu 24.04": "noble"}.items():
        found = written(stage, ROOT / "inventories/prod.py", name)["docker.sources"]
        assert f"Suites: {suite}\n" in found
