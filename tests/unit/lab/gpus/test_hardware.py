"""Kinds of SIMULATED hardware, and what of a board is on the bus."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from firstlight.errors import FirstlightError
from firstlight.lab.gpus import hardware, install
from firstlight.lab.gpus.silicon import board, bus, driver


def classes(kind: str) -> Counter[tuple[str, str]]:
    return Counter(
        (each["device"], each["class"])
        for each in hardware.description(kind, "a/lab1")["functions"]
        if each["vendor"] == "0x10de"
    )


def test_real_ids_on_the_bus() -> None:
    assert classes("2xrtx4090") == {("0x2684", "0x030000"): 2, ("0x22ba", "0x040300"): 2}
    assert classes("8xh100") == {("0x2330", "0x030200"): 8, ("0x22a3", "0x068000"): 4}
    assert classes("8xb200") == {("0x2901", "0x030200"): 8}
    assert classes("v100") == {("0x1db1", "0x030200"): 1}


@pytest.mark.parametrize("kind", hardware.KINDS)
def test_every_function_has_its_own_address_and_every_gpu_says_what_it_is(kind: str) -> None:
    made = hardware.description(kind, "a/lab1")
    addresses = [each["address"] for each in made["functions"]]
    assert len(set(addresses)) == len(addresses)
    assert len(made["gpus"]) == hardware.count(kind)
    assert {gpu["address"] for gpu in made["gpus"]} <= set(addresses)
    assert all(gpu["name"].endswith(" SIMULATED") for gpu in made["gpus"])


def test_a_gpu_keeps_its_uuid_and_shares_it_with_none() -> None:
    seeds = [
        hardware.description("8xh100", seed)["gpus"] for seed in ("a/lab1", "a/lab1", "a/lab2")
    ]
    first, again, other = ([gpu["uuid"] for gpu in gpus] for gpus in seeds)
    assert first == again
    assert len({*first, *other}) == 16


def test_words_of_the_command_line() -> None:
    assert hardware.kinds(["rtx4090", "lab2=8xh100"]) == {"": "rtx4090", "lab2": "8xh100"}
    for wrong in ("rtx5090", "lab2=", "host=rtx4090", "lab0=v100"):
        with pytest.raises(FirstlightError):
            hardware.kinds([wrong])


def test_a_suite_that_has_no_gpus_is_refused() -> None:
    assert hardware.checked_kind("none", "bookworm") == "none"
    with pytest.raises(FirstlightError, match="--suite trixie"):
        hardware.checked_kind("v100", "bookworm")


def test_faults_of_the_board(tmp_path: Path) -> None:
    path = tmp_path / "hardware.json"
    path.write_text(json.dumps(hardware.description("2xrtx4090", "a/lab1")))
    board.switch("absent", [0], path)
    board.switch("fallen", [1], path)
    board.switch("dkms_fails", ["580.* 6.99*"], path)
    now = board.read(path)
    assert [each["address"] for each in board.functions(now)] == [
        "0000:00:00.0",
        "0000:11:00.0",
        "0000:11:00.1",
    ]
    assert [gpu["lost"] for gpu in board.gpus(now)] == [True]
    assert not board.builds(now, "580.178.04", "6.99.0-lab")
    assert board.builds(now, "580.178.04", "6.12.1")
    assert board.builds(now, "595.91.07", "6.99.0-lab")
    with pytest.raises(SystemExit):
        board.switch("fallne", [1], path)


def test_which_module_drives_which_card() -> None:
    def why(kind: str, version: str, flavour: str) -> str:
        return driver.refusal(version, flavour, hardware.description(kind, "a")["gpus"][0])

    assert (
        why("rtx4090", "595.91.07", "proprietary") == why("v100", "580.178.04", "proprietary") == ""
    )
    assert "open kernel modules" in why("8xb200", "580.178.04", "proprietary")
    assert "proprietary kernel modules" in why("v100", "580.178.04", "open")
    assert "legacy" in why("v100", "595.91.07", "proprietary")


def test_nouveau_is_blacklisted_by_a_whole_line_only(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    for text, expected in (("# blacklist nouveau\n", False), ("blacklist nouveau\n", True)):
        path.write_text(text)
        assert driver.blacklisted("nouveau", (tmp_path,)) is expected


def test_the_made_bus_binds_gpus_and_not_their_sound(tmp_path: Path) -> None:
    tree = tmp_path / "pci"
    bus.lay_out(hardware.description("rtx4090", "a")["functions"], "nvidia", tree)
    bound = {path.parent.name for path in tree.glob("*/driver")}
    assert bound == {"0000:01:00.0"}
    assert (tree / "0000:01:00.0/class").read_text() == "0x030000\n"


def test_what_is_written_into_a_host(tmp_path: Path) -> None:
    (tmp_path / "etc/systemd/system/sysinit.target.wants").mkdir(parents=True)
    install.write_board(tmp_path, "rtx4090", "a/lab1")
    install.write_source(tmp_path, "http://10.1.2.3:8091/kernel/", "KEY")
    described = json.loads((tmp_path / "etc/firstlight-lab/hardware.json").read_text())
    assert described["simulated"].startswith("SIMULATED")
    assert "SIMULATED" in (tmp_path / "etc/systemd/system" / install.UNIT).read_text()
    direct = (tmp_path / "etc/apt/apt.conf.d/90firstlight-lab-direct").read_text()
    assert direct == 'Acquire::http::Proxy::10.1.2.3 "DIRECT";\n'
