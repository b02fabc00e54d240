"""What moves SIMULATED silicon: values, XIDs in the kernel's words, a GPU that falls off the bus."""

from __future__ import annotations

import ast
import os
import subprocess

import pytest

from firstlight.lab.gpus import install
from firstlight.lab.gpus.packages import text
from firstlight.lab.gpus.silicon import controls, live
from tests.unit.lab.dcgm.silicon import Silicon


def test_an_xid_in_the_kernels_words(datacenter: Silicon) -> None:
    datacenter.do("xid", "1", "79")
    (line,) = datacenter.said
    assert line.startswith("NVRM: Xid (PCI:0000:11:00): 79, GPU has fallen off the bus.")
    assert line.endswith("(SIMULATED)")
    assert live.read(1)["lost"] == "no"  # it is said, and nothing has happened
    datacenter.do("xid", "all", "999")
    assert len(datacenter.said) == 9 and all("SIMULATED" in each for each in datacenter.said)


@pytest.mark.parametrize("verb", ["fall", "pull"])
def test_a_gpu_is_lost(datacenter: Silicon, verb: str) -> None:
    datacenter.do(verb, "2")
    assert [live.read(gpu)["lost"] for gpu in range(4)] == ["no", "no", "yes", "no"]
    assert "PCI:0000:21:00): 79" in datacenter.said[0]
    bus = datacenter.folder / "pci"
    assert (bus / "0000:21:00.0").exists() == (verb == "fall") and (bus / "0000:31:00.0").exists()
    datacenter.do("live", "2", "temperature=50")
    datacenter.do("calm")
    assert live.read(2) == live.RESTING and (bus / "0000:21:00.0").exists()
    assert (live.FOLDER / live.XIDS).read_text() == ""


@pytest.mark.parametrize(
    "word", ["warmth=3", "temperature", "temperature=hot", "throttled=yes", "health=$(reboot)"]
)
def test_a_value_that_there_is_not(geforce: Silicon, word: str) -> None:
    with pytest.raises(controls.RefusedError, match=r"SIMULATED GPU 0: "):
        geforce.do("live", "0", word)
    assert live.read(0) == live.RESTING


def test_a_gpu_that_there_is_not(geforce: Silicon) -> None:
    with pytest.raises(controls.RefusedError, match="No devices"):
        geforce.do("live", "1", "temperature=3")


def asked(silicon: Silicon, fields: str) -> list[str]:
    """Lines of nvidia-smi's stand-in, which is a shell's text, over the test's silicon."""
    program = text.text("nvidia-smi", version="580.178.04")
    places = {
        "/run/firstlight-lab": str(silicon.folder),
        "/usr/lib/*-linux-gnu/libnvidia-ml.so.[0-9]*.*": f"{silicon.folder}/libnvidia-ml.so.580.178.04",
        "/proc/driver/nvidia/version": str(silicon.folder / "gpus.table"),
        "/dev/nvidia": f"{silicon.folder}/nvidia",
        "/usr/lib/firstlight-lab": str(silicon.folder / "nowhere"),
    }  # fmt: skip
    for there, here in places.items():
        assert there in program
        program = program.replace(there, here)
    for name in ("libnvidia-ml.so.580.178.04", "nvidiactl", *(f"nvidia{n}" for n in range(8))):
        (silicon.folder / name).touch()
    done = subprocess.run(
        ["sh", "-s", "--", f"--query-gpu={fields}", "--format=csv,noheader,nounits"],
        input=program, capture_output=True, text=True, timeout=20, check=False,
        env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    return [*done.stdout.splitlines(), f"exit {done.returncode}"]


def test_nvidia_smi_shows_the_same(datacenter: Silicon) -> None:
    fields = "index,temperature.gpu,temperature.memory,power.draw,memory.used,memory.free,utilization.gpu"
    words = ("temperature=91", "memory_temperature=97", "power=640.50", "utilization=98")
    datacenter.do("live", "1", *words, "memory_used=80000")
    lines = asked(datacenter, fields)
    assert lines[0] == "0, 30, 32, 20.00, 1, 81558, 0"
    assert lines[1] == "1, 91, 97, 640.50, 80000, 1559, 98"
    assert (len(lines), lines[-1]) == (9, "exit 0")
    datacenter.do("fall", "1")
    lines = asked(datacenter, "index")
    lost = "Unable to determine the device handle for GPU1: 00000000:11:00.0: Unknown Error"
    assert lines == ["0", lost, *"234567", "exit 15"]


def test_what_a_geforce_does_not_show(geforce: Silicon) -> None:
    geforce.do("live", "0", "memory_utilization=12")
    fields = "temperature.memory, utilization.memory,serial"
    assert asked(geforce, fields) == ["N/A, 12, [N/A]", "exit 0"]
    assert asked(geforce, "warmth")[-1] == "exit 2"


def test_the_smallest_python_is_enough() -> None:
    """A bare host boots with python3-minimal: these of its modules were seen to be there."""
    there = {
        "__future__", "argparse", "collections", "contextlib", "dataclasses", "fnmatch", "hashlib",
        "json", "os", "pathlib", "re", "socket", "stat", "struct", "subprocess", "sys", "time",
        "typing", "uuid",
    }  # fmt: skip
    wanted = set[str]()
    for path in install.PROGRAMS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                wanted |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                wanted.add(str(node.module).partition(".")[0])
    assert "socket" in wanted and wanted <= there
