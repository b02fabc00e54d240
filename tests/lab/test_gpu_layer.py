"""The GPU layer on SIMULATED cards: from the PCI bus to a container."""

from __future__ import annotations

import pytest

from tests.lab.gpu_first_day import GpuDays
from tests.lab.gpu_rack import DRIVER, SEEN, GpuRack

COUNTS = {"lab1": 1, "lab2": 8}
both = pytest.mark.parametrize("host", COUNTS)
# A container of the host's own shell: nothing is fetched for it.
PROBE = """
tar -C / -ch bin/sh bin/sleep $(ldd /bin/sh /bin/sleep | grep -o '/[^ ]*' | grep -v ':$' | sort -u) \
  2>/dev/null | docker import - probe >/dev/null
"""


@both
def test_a_bare_host_ends_with_containers_that_see_its_gpus(gpus: GpuDays, host: str) -> None:
    first, lab = gpus.first(host), gpus.lab
    assert first.boots[0] != first.boots[1]
    assert first.again == (0, 0)
    assert (lab.driver(host), lab.left(host)) == (DRIVER, [])
    lab.sh(host, PROBE)
    all_of_them, one = (f"{SEEN}={which} probe nvidia-smi -L" for which in ("all", "0"))
    assert lab.sh(host, all_of_them).out.count("SIMULATED") == COUNTS[host]
    assert lab.sh(host, f"{one}; docker rmi probe >/dev/null").out.count("SIMULATED") == 1


@both
def test_the_plan_says_why(gpus: GpuDays, host: str) -> None:
    text = gpus.first(host).run.text
    for words in ("branch 580", "open modules", "container toolkit 1.20.0", "reboots, because"):
        assert words in text
    assert ("no fabric manager" in text) is (host == "lab1")
    assert ("4 NVSwitches" in text) is (host == "lab2")


def test_the_fabric_manager_has_the_drivers_version(gpus: GpuDays) -> None:
    lab = gpus.deployed("lab2")
    assert lab.installed("lab2", "nvidia-fabricmanager").startswith(DRIVER)
    assert lab.sh("lab2", "systemctl is-active nvidia-fabricmanager").out.strip() == "active"
    assert gpus.deployed("lab1").installed("lab1", "nvidia-fabricmanager") == ""


def test_programs_that_ask_for_nvidias_runtime_have_it_and_nobody_else(card: GpuRack) -> None:
    daemon = card.sh("lab1", "docker info -f '{{.DefaultRuntime}} {{json .Runtimes}}'").out
    assert daemon.startswith("runc ") and "nvidia-container-runtime" in daemon


def test_a_container_has_the_gpus_that_it_was_given_and_no_others(card: GpuRack) -> None:
    card.sh("lab1", PROBE)
    run = "docker run --rm --network none --cap-drop ALL --read-only"
    said = card.sh(
        "lab1",
        f"{run} --user 1000 --device nvidia.com/gpu=all probe nvidia-smi -L\n"
        f"{run} --device nvidia.com/gpu=7 probe nvidia-smi -L 2>&1 || true\n"
        # The nodes and all else as in the specification, but not by way of it.
        "lib=$(echo /usr/lib/*-linux-gnu/libnvidia-ml.so.*.*)\n"
        f"{run} -v /usr/bin/nvidia-smi:/bin/nvidia-smi -v $lib:$lib "
        "-v /run/firstlight-lab/gpus.table:/usr/lib/firstlight-lab/gpus.table "
        "-v /dev/nvidiactl:/dev/nvidiactl -v /dev/nvidia0:/dev/nvidia0 probe nvidia-smi -L || true\n"
        "docker rmi probe >/dev/null",
        timeout=120,
    ).out.splitlines()
    assert said[0].startswith("GPU 0: NVIDIA GeForce RTX 4090 SIMULATED")
    assert "unresolvable CDI devices nvidia.com/gpu=7" in said[1]
    # Nodes that are there, but that the container's device group refuses.
    assert said[-1] == "Failed to initialize NVML: Unknown Error"


def test_a_running_container_keeps_its_gpus_when_systemd_reads_its_units(card: GpuRack) -> None:
    # On every host without this layer's CDI devices this is how GPUs get lost.
    card.sh("lab1", PROBE)
    card.sh("lab1", f"{SEEN}=all -d --name keeper probe /bin/sleep 300 >/dev/null")
    seen = card.sh("lab1", "docker exec keeper nvidia-smi -L").out
    assert "RTX 4090" in seen
    card.sh("lab1", "systemctl daemon-reload")
    assert card.sh("lab1", "docker exec keeper nvidia-smi -L").out == seen
    card.sh("lab1", "docker rm -f keeper; docker rmi probe")
