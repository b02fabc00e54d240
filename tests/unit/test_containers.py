"""Docker as the CIS benchmark wants it: its daemon, and every container that is started.

What is not as it wants has a waiver with its reason in tests/security/waivers.toml, by the number
of docker-bench-security (benchmark 1.6.0), and a row in docs/isolation.md. A waiver that is not
needed any more fails here too.
"""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firstlight.catalogue.counters import GpuClass
from firstlight.engines import ENGINES
from firstlight.engines.instance import Node
from firstlight.guard.unit import GuardUnit
from firstlight.monitor.gpu_exporter import GpuExporterUnit
from firstlight.settings import Model
from firstlight.settings.gpu_exporter import GpuExporter
from firstlight.settings.guard import Guard
from roles import grafana, people
from roles.docker import DAEMON, NVIDIA_RUNTIME
from tests.units import unit_of

ROOT = Path(__file__).resolve().parents[2]
WAIVERS = {
    each["id"]: each["reason"]
    for each in tomllib.loads((ROOT / "tests/security/waivers.toml").read_text())["waiver"]
    if each["scanner"] == "docker-bench"
}
Make = Callable[..., Model]
IMAGE = "quay.io/a/b@sha256:" + "0" * 64

OF_DAEMON: dict[str, Callable[[dict[str, Any]], bool]] = {
    "2.2": lambda d: d.get("icc") is False,
    "2.3": lambda d: d.get("log-level", "info") == "info",
    "2.4": lambda d: d.get("iptables", True) is True,
    "2.5": lambda d: not d.get("insecure-registries"),
    "2.6": lambda d: d.get("storage-driver", "") != "aufs",
    "2.7": lambda d: not d.get("hosts"),  # a unix socket only: nothing to encrypt
    "2.8": lambda d: "default-ulimits" in d,
    "2.9": lambda d: "userns-remap" in d,
    "2.10": lambda d: "cgroup-parent" not in d,
    "2.12": lambda d: "authorization-plugins" in d,
    "2.13": lambda d: d.get("log-driver") not in ("local", "json-file", None),
    "2.14": lambda d: d.get("no-new-privileges") is True,
    "2.15": lambda d: d.get("live-restore") is True,
    "2.16": lambda d: d.get("userland-proxy") is False,
    "2.17": lambda d: "seccomp-profile" not in d,  # Docker's own, not a weaker one
    "2.18": lambda d: not d.get("experimental"),
}


class Run:
    """The words of one ``docker run``."""

    def __init__(self, words: list[str]) -> None:
        self.words = words

    def of(self, flag: str) -> list[str]:
        return [self.words[at + 1] for at, word in enumerate(self.words) if word == flag]

    def has(self, *flags: str) -> bool:
        return any(flag in self.words for flag in flags)


OF_RUN: dict[str, Callable[[Run], bool]] = {
    "4.1": lambda run: bool(run.of("--user")) and run.of("--user")[0].split(":")[0] != "0",
    "5.2": lambda run: "apparmor=unconfined" not in run.of("--security-opt"),
    "5.4": lambda run: run.of("--cap-drop") == ["ALL"] and not run.of("--cap-add"),
    "5.5": lambda run: not run.has("--privileged"),
    "5.6": lambda run: not {v.split(":")[0] for v in run.of("--volume")} & {"/", "/etc", "/dev", "/proc", "/sys", "/usr", "/lib", "/boot"},
    "5.9": lambda run: not run.has("--publish", "-p", "-P", "--publish-all"),
    "5.10": lambda run: run.of("--network") not in (["host"], []),
    "5.11": lambda run: bool(run.of("--memory")),
    "5.12": lambda run: run.has("--cpu-shares", "--cpus"),
    "5.13": lambda run: run.has("--read-only"),
    "5.15": lambda run: not run.of("--restart"),  # systemd restarts, with a limit
    "5.16": lambda run: not run.of("--pid"),
    "5.17": lambda run: not run.of("--ipc"),
    "5.18": lambda run: all(d.startswith("nvidia.com/gpu=") for d in run.of("--device")),
    "5.20": lambda run: not any("shared" in volume for volume in run.of("--volume")),
    "5.21": lambda run: not run.of("--uts"),
    "5.22": lambda run: not any("seccomp" in each for each in run.of("--security-opt")),
    "5.26": lambda run: "no-new-privileges" in run.of("--security-opt"),
    "5.28": lambda run: any("@sha256:" in word for word in run.words),
    "5.29": lambda run: bool(run.of("--pids-limit")),
    "5.30": lambda run: bool(run.of("--network")),
    "5.31": lambda run: not run.of("--userns"),
    "5.32": lambda run: not any("docker.sock" in volume for volume in run.of("--volume")),
}  # fmt: skip


def held(found: set[str], suffix: str = "") -> None:
    """Compare what is not as wanted with the waivers for it."""
    waived = {each for each in WAIVERS if each.partition(":")[2] == suffix}
    assert {f"{each}:{suffix}" if suffix else each for each in found} == waived


@pytest.mark.parametrize("config", [DAEMON, {**DAEMON, **NVIDIA_RUNTIME}])
def test_the_daemon(config: dict[str, Any]) -> None:
    held({number for number, good in OF_DAEMON.items() if not good(config)})
    assert config["features"] == {"cdi": True} and "default-runtime" not in config


def failing(words: list[str]) -> set[str]:
    return {number for number, good in OF_RUN.items() if not good(Run(words))}


def started(text: str) -> str:
    """Return the command that the unit's shell runs."""
    line = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    return shlex.split(line.removeprefix("ExecStart="))[2].replace("$$", "")


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_an_engine(model: Make, engine: str) -> None:
    found = failing(unit_of(model(engine=engine, gpus=[0])).run())
    held(found - {"4.1"}, "engine")
    assert ("4.1" in found) is (engine == "tgi") and "4.1:tgi" in WAIVERS
    assert "5.11" not in failing(unit_of(model(engine=engine, memory="4GiB")).run())


def test_an_engine_over_several_hosts(model: Make) -> None:
    unit = unit_of(model(engine="vllm"))
    node = Node(0, 2, "192.0.2.1", "192.0.2.1")
    words = replace(unit, instance=replace(unit.instance, node=node)).run()
    found = failing(words) - failing(unit.run())
    held(found, "nodes")


def test_the_guard() -> None:
    guard = Guard.model_validate({"image": IMAGE, "models": ["tiny"]})
    held(failing(GuardUnit(guard, 60).run()), "guard")
    assert Run(GuardUnit(guard, 60).run()).of("--network") == ["none"]


def test_the_sign_in_of_people() -> None:
    held(failing(shlex.split(started(people.unit(IMAGE, "0" * 32)))), "people")


@pytest.mark.parametrize("gpu_class", ["geforce", "datacenter"])
@pytest.mark.parametrize("profiling", [True, False])
def test_the_dcgm_exporter(gpu_class: GpuClass, profiling: bool) -> None:
    settings = GpuExporter(profiling=profiling)
    found = failing(GpuExporterUnit(settings, IMAGE, gpu_class, 15).run())
    if profiling and gpu_class == "datacenter":
        held(found, "dcgm")
    else:
        assert found == set()


def test_grafana() -> None:
    text = grafana.unit(IMAGE, "0" * 32)
    held(failing(shlex.split(started(text))), "grafana")


def test_each_waiver_is_explained_to_readers_too() -> None:
    table = (ROOT / "docs/isolation.md").read_text()
    missing = [each for each in WAIVERS if f"| {each.partition(':')[0]} |" not in table]
    assert not missing and all(len(reason) > 30 for reason in WAIVERS.values())
