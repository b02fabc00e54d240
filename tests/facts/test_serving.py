"""Engines, the edge and plain units, from stubs of systemctl, docker and curl."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path

import pytest

from firstlight.facts.accounts import AccountExists
from firstlight.facts.edge import Edge, EdgeState
from firstlight.facts.engines import Engines, EngineState, EngineStates
from firstlight.facts.services import UnitProperties
from tests.facts.shell import gather
from tests.stubs import Stubs

EMPTY = hashlib.sha256(b"").hexdigest()


def engines(stubs: Stubs, folder: Path) -> Engines:
    instead = {"/etc/systemd/system/": f"{folder}/", "/var/run/cdi/": f"{folder}/cdi/"}
    found: Engines = gather(
        EngineStates, stubs.env, instead, label="the.label", folder=str(folder / "engines")
    )
    return found


def test_engines_by_name(stubs: Stubs, tmp_path: Path) -> None:
    for name in ("tiny", "qwen3-8b.v2"):
        (tmp_path / f"firstlight-engine-{name}.service").touch()
    (tmp_path / "other.service").touch()
    config = tmp_path / "engines/tiny/config-1"
    config.parent.mkdir(parents=True)
    config.write_text("x")
    stubs.add(
        "systemctl",
        """case "$4" in
  *tiny*) printf 'ActiveState=active\\nUnitFileState=enabled\\nNeedDaemonReload=no\\n';;
  *) printf 'ActiveState=failed\\nUnitFileState=\\nNeedDaemonReload=yes\\n';;
esac""",
    )
    stubs.add("docker", 'case "$4" in *tiny) echo 0123abcd;; *) exit 1;; esac')
    stubs.add("nvidia-smi", "exit 9")
    files = {str(config): hashlib.sha256(b"x").hexdigest()}
    assert engines(stubs, tmp_path) == Engines(
        {
            "tiny": EngineState("active", True, False, "0123abcd", EMPTY, files),
            "qwen3-8b.v2": EngineState("failed", False, True, "none", EMPTY),
        },
        readable=False,
    )
    assert any('"the.label"' in call for call in stubs.calls("docker"))


def test_a_bare_host_has_no_engines(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("systemctl", "exit 1")
    stubs.add("nvidia-smi", "exit 127")
    assert engines(stubs, tmp_path) == Engines(readable=False)


def test_what_a_unit_takes_is_read_from_it(stubs: Stubs, tmp_path: Path) -> None:
    run = [
        "--network fl-8001 \\",
        "--ip 198.18.125.6 \\",
        "--device nvidia.com/gpu=GPU-a \\",
        "--device nvidia.com/gpu=1 \\",
    ]
    unit = "ExecStart=/usr/bin/docker run \\\n  " + "\n  ".join(run) + "\n  image\n"
    (tmp_path / "firstlight-engine-tiny.service").write_text(unit)
    stubs.add("systemctl", "echo ActiveState=active")
    stubs.add("nvidia-smi", "exit 0")
    found = engines(stubs, tmp_path)
    assert (found.units["tiny"].port, found.units["tiny"].gpus) == (8001, ("GPU-a", "1"))
    assert found.readable


def test_gpus_are_named_where_the_specification_names_them(stubs: Stubs, tmp_path: Path) -> None:
    (tmp_path / "cdi").mkdir()
    (tmp_path / "cdi/nvidia.yaml").write_text('devices:\n- name: "GPU-aaa"\n- name: "0"\n')
    stubs.add("nvidia-smi", "echo '0, GPU-aaa'; echo '1, GPU-in-mig-mode'")
    assert engines(stubs, tmp_path).uuids == {"0": "GPU-aaa"}


def edge(stubs: Stubs, folder: Path) -> Edge:
    words = {
        "current": str(folder / "current"),
        "socket": str(folder / "edge.sock"),
        "folder": str(folder / "releases/new"),
        "digest": hashlib.sha256(b"ab").hexdigest(),
    }
    found: Edge = gather(EdgeState, stubs.env, files=("1", "2"), **words)
    return found


def test_the_edge_on_disk_and_in_memory(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("systemctl", "echo ActiveState=active; echo UnitFileState=enabled")
    stubs.add("curl", "echo old")
    assert edge(stubs, tmp_path) == Edge(active=True, enabled=True)
    (tmp_path / "releases/new").mkdir(parents=True)
    (tmp_path / "current").symlink_to(tmp_path / "releases/new")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "edge.sock"))
        # The link says what shall run; the running nginx says what does.
        found = edge(stubs, tmp_path)
    assert (found.current, found.running, found.written) == ("new", "old", False)
    (tmp_path / "releases/new/.complete").touch()
    assert not edge(stubs, tmp_path).written
    (tmp_path / "releases/new/1").write_text("a")
    (tmp_path / "releases/new/2").write_text("b")
    assert edge(stubs, tmp_path).written
    (tmp_path / "releases/new/2").write_text("edited on the host")
    assert not edge(stubs, tmp_path).written


def test_a_dead_socket_is_no_running_edge(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("systemctl", "echo NeedDaemonReload=yes; exit 1")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "edge.sock"))
        found = edge(stubs, tmp_path)
    assert (found.running, found.active, found.reload_needed) == ("", False, True)


def test_unit_properties(stubs: Stubs) -> None:
    stubs.add("systemctl", 'echo "ActiveState=active"; echo "ConditionResult=no"')
    found = gather(UnitProperties, stubs.env, unit="a b.service")
    assert found == {"ActiveState": "active", "ConditionResult": "no"}
    assert stubs.calls() == [
        "systemctl show -p ActiveState,UnitFileState,ConditionResult a b.service"
    ]


def test_accounts() -> None:
    assert gather(AccountExists, user="root") is True
    assert gather(AccountExists, user="no-such-user") is False


@pytest.mark.parametrize("garbage", [[""], ["a b"], ["====="], ["\x00 \xff x y z w"]])
def test_garbage_never_raises(garbage: list[str]) -> None:
    assert EngineStates().process(garbage) == Engines()
    assert not EdgeState().process(garbage).active
    assert UnitProperties().process(garbage).get("ActiveState") is None
