"""What a host says about its GPU layer in words: apt's repositories, kernels, nvidia-smi."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.facts import nvidia_hosts as recorded
from tests.facts.machine import Machine
from tests.stubs import Stubs

LISTS = "/etc/apt/sources.list.d"
CUDA = "https://developer.download.nvidia.com/compute/cuda/repos/debian13/x86_64/"
TOOLKIT = "https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH)"
DEB822 = f"""# what the vendor writes
Types: deb
URIs: {CUDA}
Suites: /
Signed-By: /usr/share/keyrings/cuda-archive-keyring.gpg

Types: deb
Enabled: no
uris: http://off.example.org/
Suites: x

Types: deb deb-src
URIs: http://one.example.org/debian
 http://user:secret@two.example.org/debian
Suites: trixie
Components: main
"""


@pytest.fixture
def machine(tmp_path: Path, stubs: Stubs) -> Machine:
    return Machine(tmp_path / "root", stubs)


def test_the_repositories_of_apt(machine: Machine) -> None:
    machine.write(
        "/etc/apt/sources.list",
        "# deb http://no.example.org x\n\ndeb http://a.example.org s main\n",
    )
    machine.write(
        f"{LISTS}/toolkit.list",
        f"deb [arch=amd64 signed-by=/k.gpg] {TOOLKIT} /\n#deb {TOOLKIT}/experimental /\n"
        " deb-src\t[trusted=yes]  http://b.example.org/ ./ # old\n",
    )
    machine.write(f"{LISTS}/vendor.sources", DEB822)
    machine.write(f"{LISTS}/nvidia-cuda.sources", f"Types: deb\nURIs: {CUDA}\nSuites: /\n")
    machine.write(f"{LISTS}/nvidia-container-toolkit.sources", f"URIs: {TOOLKIT}\n")
    machine.write(f"{LISTS}/vendor.sources.firstlight-aside", f"URIs: {CUDA}\n")
    found = [
        (e.file.removeprefix(str(machine.root)), e.line, e.uri) for e in machine.read().sources
    ]
    assert found == [
        ("/etc/apt/sources.list", 3, "http://a.example.org"),
        (f"{LISTS}/toolkit.list", 1, TOOLKIT),
        (f"{LISTS}/toolkit.list", 3, "http://b.example.org/"),
        (f"{LISTS}/vendor.sources", 3, CUDA),
        (f"{LISTS}/vendor.sources", 13, "http://one.example.org/debian"),
        (f"{LISTS}/vendor.sources", 14, "http://two.example.org/debian"),
    ]


def test_two_files_of_stanzas_do_not_run_into_each_other(machine: Machine) -> None:
    machine.write(f"{LISTS}/a.sources", "Enabled: no\nURIs: http://a.example.org\n")
    machine.write(f"{LISTS}/b.sources", "URIs: http://b.example.org")
    assert [(e.line, e.uri) for e in machine.read().sources] == [(1, "http://b.example.org")]


def test_packages_that_bring_kernels_and_headers(machine: Machine) -> None:
    names = (
        "linux-image-amd64",
        "linux-image-cloud-amd64",
        "linux-image-generic-hwe-24.04",
        "linux-image-generic-dbgsym",
        "linux-image-6.12.57-amd64",
        "linux-image-amd64-dbg",
        "linux-headers-amd64",
    )
    machine.write("/var/lib/dpkg/status", "x")
    text = "".join(f"installed {name}\n" for name in names)
    machine.write("/out/kernels", f"{text}not-installed linux-image-virtual\n")
    machine.stubs.add(
        "dpkg-query", f'case $* in *linux-image*) cat "{machine.root}/out/kernels";; esac'
    )
    found = machine.read()
    assert found.kernel_metas == set(names[:3]) and found.header_packages == {names[-1]}
    assert found.packages == {}


@pytest.mark.parametrize(
    ("banner", "license", "kinds"),
    [
        (recorded.OPEN_MODULE, "Dual MIT/GPL", ("open", "open")),
        (recorded.OPEN_MODULE.replace("Open ", ""), "NVIDIA", ("proprietary", "proprietary")),
        ("", "", ("", "")),
    ],
)
def test_which_modules(banner: str, license: str, kinds: tuple[str, str], machine: Machine) -> None:
    if banner:
        machine.write(
            "/proc/driver/nvidia/version", banner.replace("UNIX Kernel", "UNIX x86_64 Kernel")
        )
    machine.stubs.add(
        "modinfo", f"case $* in '-F license nvidia') echo '{license}';; *) exit 1;; esac"
    )
    found = machine.read()
    assert (found.loaded_modules, found.disk_modules) == kinds


INFOROM = "WARNING: infoROM is corrupted at gpu 0000:01:00.0\n"
ROW = recorded.RTX_4090


@pytest.mark.parametrize(
    ("said", "code", "error", "warned"),
    [
        (ROW + INFOROM, 14, "", (INFOROM.strip(),)),
        (ROW, 14, "", ("nvidia-smi ended with code 14",)),
        (ROW, 124, "nvidia-smi did not answer within 120 seconds", ()),
        (INFOROM, 14, INFOROM.strip(), ()),
        ("", 6, "nvidia-smi ended with code 6", ()),
        (recorded.LOST + INFOROM, 15, recorded.LOST.splitlines()[1], (INFOROM.strip(),)),
        (
            ROW + "1, GPU-2, NVIDIA X, [GPU is lost], [Unknown Error], [N/A], [N/A]\n",
            0,
            "1, GPU-2, NVIDIA X, [GPU is lost], [Unknown Error], [N/A], [N/A]",
            (),
        ),
    ],
)
def test_an_error_is_not_a_warning(
    said: str, code: int, error: str, warned: tuple[str, ...], machine: Machine
) -> None:
    machine.prints("nvidia-smi", said, code)
    found = machine.read()
    assert (found.smi_error, found.smi_warnings) == (error, warned)
    assert len(found.gpus) == ("GPU-" in said)
